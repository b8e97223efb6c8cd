// Who calls: what a token opens, and that nothing is remembered longer than it is true.
import { hash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConnectionId, newId, Slug, UserId } from '#contract/id.ts';
import { reveal } from '#contract/secret.ts';
import { issueEnrollToken, issueHostToken, type Issued } from '../../../gateway/admin/token.ts';
import { createStanding } from '../../../gateway/caller/standing.ts';
import { createTokenCheck, type TokenCheck } from '../../../gateway/caller/token.ts';
import { proves } from '../../requirement.ts';
import { byHand, openData, twoTeams, type Data } from '../data.ts';

describe('a bearer token', () => {
  let data: Data;
  let check: TokenCheck;
  let now = 1_000_000;

  beforeEach(async () => {
    now = 1_000_000;
    data = await openData(twoTeams);
    check = createTokenCheck({ store: data.store, bus: data.bus, now: () => now });
  });
  afterEach(async () => {
    check.close();
    await data.close();
  });

  const issue = (ttlMs = 1000): Promise<Issued> =>
    issueHostToken({
      ...byHand,
      store: data.store,
      user: 'ada',
      gateway: 'main',
      host: 'codex',
      knownHosts: ['codex'],
      ttlMs,
      now,
    });
  const header = (issued: Issued) => `Bearer ${reveal(issued.secret)}`;
  /** Also where the check throws at once. */
  const call = async (authorization: string | undefined) => check.callerOf(authorization);

  test('says who calls, from which host, for which gateway', async () => {
    const issued = await issue();
    const ids = (await data.store.policy()).ids.users;
    expect(await call(header(issued))).toEqual({
      user: { id: ids['ada'], slug: 'ada' },
      host: 'codex',
      client: 'token:codex',
      token: issued.token.id,
      gateway: 'main',
      via: 'http',
      workstation: null,
    });
  });

  test('of a host that signed in says who calls by its connection, ends in time, and with its connection', async () => {
    const { signIn } = data.store;
    const user = { id: UserId.parse((await data.store.policy()).ids.users['ada']), slug: Slug.parse('ada') };
    const connection = {
      id: ConnectionId.parse(newId()),
      client: 'https://host.example/client.json',
      host: 'some-host',
      title: 'Some Host',
      redirect: 'http://127.0.0.1/callback',
      user,
      gateway: Slug.parse('main'),
      createdAt: now,
      revokedAt: null,
    };
    await signIn.addConnection(connection);
    const grant = { model: 'Grant', key: hash('sha256', 'grant'), family: null, uid: null, body: '{}', consumedAt: null };
    await signIn.putItem({ ...grant, connection: connection.id, expiresAt: now + 9000 }, now);
    const access = 'a'.repeat(43);
    const token = { ...grant, model: 'AccessToken', key: hash('sha256', access), family: grant.key, connection: null };
    await signIn.putItem({ ...token, expiresAt: now + 1000 }, now);
    const caller = {
      user,
      host: 'some-host',
      client: connection.client,
      consented: new Map(),
      token: connection.id,
      gateway: 'main',
      via: 'http',
      workstation: null,
    };
    expect(await call(`Bearer ${access}`)).toEqual(caller);
    // One that was given while the clock was ahead: its host renews it.
    const early = 'b'.repeat(43);
    await signIn.putItem({ ...token, key: hash('sha256', early), expiresAt: now + 25 * 3_600_000 + 1 }, now);
    await expect(call(`Bearer ${early}`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED', former: { token: connection.id } });
    now += 1000;
    await expect(call(`Bearer ${access}`)).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
    now -= 500;
    await signIn.revokeConnection(connection.id, now);
    data.bus.publish('changed');
    await expect(call(`Bearer ${access}`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('that was seen before is answered at once, without asking the store', async () => {
    const issued = await issue();
    const first = await call(header(issued));
    expect(check.callerOf(header(issued))).toBe(first);
  });

  test('is refused as soon as it has expired, however recently it was good', async () => {
    proves('gateway-shell.token-expiry', {
      file: 'gateway/caller/token.ts',
      find: '        refuseExpired(remembered, at);\n',
      replace: '',
    });
    const issued = await issue(1000);
    await call(header(issued));
    now += 999;
    await call(header(issued));
    now += 1;
    await expect(call(header(issued))).rejects.toMatchObject({
      code: 'TOKEN_EXPIRED',
      fields: { at: new Date(1_001_000).toISOString() },
    });
  });

  test('that was made while the clock was more than a day ahead is refused once it is right, however recently it was good', async () => {
    const dayMs = 86_400_000;
    const right = now;
    for (const [aheadMs, isGood] of [
      [dayMs, true],
      [dayMs + 1, false],
    ] as const) {
      now = right + aheadMs;
      const [seen, unseen] = [await issue(400 * dayMs), await issue(400 * dayMs)];
      const id = seen.token.id;
      await call(header(seen));
      now = right;
      for (const each of [seen, unseen]) {
        if (isGood) expect(await call(header(each))).toMatchObject({ token: each.token.id });
        else await expect(call(header(each))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      }
      const standing = createStanding({ store: data.store, now: () => now });
      now = right + aheadMs;
      const caller = await call(header(seen));
      now = right;
      expect(id).toBe(caller.token);
      if (isGood) await standing(caller);
      else await expect(standing(caller)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    }
  });

  test('that was revoked is refused once the store is known to have changed', async () => {
    proves('gateway-shell.token-forgotten', {
      file: 'gateway/caller/token.ts',
      find: 'known.clear();\n    asked.clear();',
      replace: 'asked.clear();',
    });
    const issued = await issue();
    await call(header(issued));
    await data.store.revokeToken(issued.token.id, now);
    data.bus.publish('changed');
    await expect(call(header(issued))).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
  });

  test('that was looked up before a change is not remembered after it', async () => {
    proves('gateway-shell.token-race', {
      file: 'gateway/caller/token.ts',
      find: 'if (began === generation) {',
      replace: 'if (began >= 0) {',
    });
    const issued = await issue();
    const asking = call(header(issued));
    data.bus.publish('changed');
    await asking;
    await data.store.revokeToken(issued.token.id, now);
    await expect(call(header(issued))).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
  });

  test('of somebody who left is refused as theirs', async () => {
    const issued = await issue();
    await data.store.directory.hold('ada', now);
    await expect(call(header(issued))).rejects.toMatchObject({
      code: 'TOKEN_REVOKED',
      former: { user: { slug: 'ada' }, host: 'codex', token: issued.token.id },
    });
  });

  test('of a user who is gone from the policy is refused', async () => {
    const issued = await issue();
    await data.store.replacePolicy({ ...twoTeams, users: {} }, await data.store.revision(), now);
    await expect(call(header(issued))).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
  });

  test('for enrollment opens nothing', async () => {
    const issued = await issueEnrollToken({ ...byHand, store: data.store, user: 'ada', ttlMs: 1000, now });
    await expect(call(header(issued))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer dbh_short',
    'Basic YWRhOmFkYQ==',
    `Bearer dbh_${'A'.repeat(43)}`,
    `Bearer dbh_${'A'.repeat(44)}`,
    `Bearer dbe_${'A'.repeat(43)}`,
    `dbh_${'A'.repeat(43)}`,
  ])('written as %j is refused', async (authorization) => {
    await expect(call(authorization)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('that is used many times at once is looked up once', async () => {
    const issued = await issue();
    const callers = await Promise.all(Array.from({ length: 50 }, () => call(header(issued))));
    expect(new Set(callers).size).toBe(1);
  });

  test('can not be checked while the store does not answer', async () => {
    const issued = await issue();
    await data.store.close();
    await expect(call(header(issued))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});

describe('an issued token', () => {
  test('is stored as its hash only', async () => {
    const data = await openData(twoTeams);
    try {
      const { secret } = await issueEnrollToken({ ...byHand, store: data.store, user: 'ada', ttlMs: 1000, now: 1 });
      expect(reveal(secret)).toMatch(/^dbe_[A-Za-z0-9_-]{43}$/);
      expect(JSON.stringify(await data.store.tokens())).not.toContain(reveal(secret).slice(4));
    } finally {
      await data.close();
    }
  });

  test('for a gateway that no team grants to the user comes with a warning', async () => {
    const data = await openData(twoTeams);
    try {
      const of = { store: data.store, host: 'codex', knownHosts: ['codex'], ttlMs: 1000, now: 1 };
      expect((await issueHostToken({ ...byHand, ...of, user: 'ada', gateway: 'side' })).warnings).toHaveLength(1);
      expect((await issueHostToken({ ...byHand, ...of, user: 'ada', gateway: 'main' })).warnings).toEqual([]);
    } finally {
      await data.close();
    }
  });

  test('for a name that is nearly a known one is refused, and a new host name is not', async () => {
    const data = await openData(twoTeams);
    try {
      const of = {
        store: data.store,
        user: 'ada',
        gateway: 'main',
        knownHosts: ['claude-desktop', 'codex'],
        ttlMs: 1000,
        now: 1,
      };
      await expect(issueHostToken({ ...byHand, ...of, host: 'codx' })).rejects.toThrow(
        'There is no host "codx". Did you mean "codex"?',
      );
      await expect(issueHostToken({ ...byHand, ...of, host: 'My Host' })).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
      expect((await issueHostToken({ ...byHand, ...of, host: 'own-agent' })).token).toMatchObject({ host: 'own-agent' });
    } finally {
      await data.close();
    }
  });
});
