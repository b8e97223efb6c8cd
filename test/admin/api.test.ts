// The admin API as a client has it: tokens, changes of the policy, what is on record of them, repeated requests, stale ones.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PolicyFile } from '#contract/policy.ts';
import { Slug } from '#contract/id.ts';
import { proves } from '../requirement.ts';
import { until } from '../walk/deployment.ts';
import { openStage, type Stage } from './stage.ts';

const policy = PolicyFile.parse({
  version: 1,
  roles: {
    helpdesk: { capabilities: ['people.view', 'people.manage', 'roles.manage', 'gateways.view-all'] },
    people: {
      capabilities: ['people.view', 'people.manage', 'workstations.manage', 'identities.view', 'identities.manage'],
    },
  },
  users: {
    ada: { email: 'ada@example.org', role: 'super-admin', teams: ['eng'] },
    ben: { email: 'ben@example.org', teams: ['eng'] },
    eve: { email: 'eve@example.org', role: 'helpdesk', teams: ['eng'] },
    pat: { email: 'pat@example.org', role: 'people', teams: [] },
  },
  teams: { eng: { gateways: ['main'] } },
  servers: { crm: { kind: 'remote', url: 'https://crm.example.org/mcp', auth: 'header' } },
  gateways: { main: {}, side: {} },
});
const slug = (text: string) => Slug.parse(text);

let stage: Stage;
beforeEach(async () => {
  stage = await openStage(policy);
});
afterEach(() => stage.close());
const as = async (user: string) => stage.client(await stage.token(user));
const deeds = async () => (await stage.records()).filter((record) => record.kind === 'deed');

describe('a change by the admin API', () => {
  test('is in force, in the filed policy, and on record with how it was and how it is', async () => {
    const ada = await as('ada');
    const made = await ada.call('teams.create', {
      body: { slug: slug('ops'), team: { title: 'Ops', gateways: [slug('side')] } },
    });
    expect(made).toMatchObject({ ok: true, status: 201, answer: { slug: 'ops', title: 'Ops', gateways: ['side'] } });
    const put = { params: { team: slug('ops') }, body: { title: 'Ops', gateways: [] }, query: { reason: 'closed' } };
    expect(await ada.call('teams.replace', put)).toMatchObject({ ok: true, status: 200 });
    expect((await stage.data.store.filedPolicy()).teams).toMatchObject({ ops: { title: 'Ops', gateways: [] } });
    const found = await until('both are on record', async () => {
      const all = (await deeds()).filter(({ operation }) => operation.startsWith('teams.'));
      return all.length === 2 && all;
    });
    expect(found).toMatchObject([
      {
        operation: 'teams.create',
        target: 'ops',
        before: null,
        after: { slug: 'ops' },
        actor: { kind: 'user', user: { name: 'ada' } },
      },
      { operation: 'teams.replace', before: { gateways: ['side'] }, after: { gateways: [] }, reason: 'closed' },
    ]);
    expect(await stage.data.store.administration.deedsWaiting()).toBe(0);
  });

  test('that changes nothing leaves nothing', async () => {
    const ada = await as('ada');
    await ada.call('teams.replace', { params: { team: slug('eng') }, body: { gateways: [slug('main')] } });
    expect((await deeds()).filter(({ operation }) => operation === 'teams.replace')).toEqual([]);
  });

  test('gives nobody an address that a user has, and is not refused for two who had one before there was this rule', async () => {
    const { users, ...others } = policy;
    const old = { ...others, users: { ...users, pit: { email: 'Pat@example.org', teams: [] } } };
    await stage.data.store.replacePolicy(old, await stage.data.store.revision(), stage.now);
    const ada = await as('ada');
    const title = { params: { team: slug('eng') }, body: { title: 'Engineers', gateways: [slug('main')] } };
    expect(await ada.call('teams.replace', title)).toMatchObject({ ok: true });
    const refused = await ada.call('users.create', {
      body: { slug: slug('bea'), user: { email: 'BEN@example.org', teams: [] } },
    });
    expect(refused).toMatchObject({ ok: false, refusal: { status: 400, code: 'INPUT_INVALID' } });
    expect(refused.ok ? '' : refused.refusal.message).toMatch(/users\.bea\.email: the user "ben" has this address too/);
  });

  test('takes one of several who have one address from before out, and lets nobody else join them', async () => {
    const { users, ...others } = policy;
    const shared = Object.fromEntries(['pia', 'pim', 'pit'].map((name) => [name, { email: 'p@example.org', teams: [] }]));
    const old = { ...others, users: { ...users, ...shared } };
    await stage.data.store.replacePolicy(old, await stage.data.store.revision(), stage.now);
    const ada = await as('ada');
    expect(await ada.call('users.remove', { params: { user: slug('pia') } })).toMatchObject({ ok: true });
    const joined = { body: { slug: slug('pop'), user: { email: 'P@example.org', teams: [] } } };
    expect(await ada.call('users.create', joined)).toMatchObject({ refusal: { status: 400, code: 'INPUT_INVALID' } });
    expect(await ada.call('users.remove', { params: { user: slug('pim') } })).toMatchObject({ ok: true });
  });

  test('and a name that it refers to and that is not there is refused with its path', async () => {
    const refused = await (
      await as('ada')
    ).call('teams.replace', { params: { team: slug('eng') }, body: { gateways: [slug('mian')] } });
    expect(refused).toMatchObject({ ok: false, refusal: { status: 400, code: 'INPUT_INVALID' } });
    expect(refused.ok ? '' : refused.refusal.message).toContain('teams.eng.gateways.0: there is no gateway "mian"');
  });

  test('with If-Match is refused where somebody else was faster', async () => {
    proves('admin.if-match', {
      file: 'gateway/admin/policy-part.ts',
      find: 'refuseStale(context, shown);',
      replace: '',
    });
    const ada = await as('ada');
    const params = { team: slug('eng') };
    const seen = await ada.call('teams.read', { params });
    const ifMatch = (seen.ok ? seen.etag : undefined) ?? '';
    const body = { title: 'Engineers', gateways: [slug('main')] };
    expect(await ada.call('teams.replace', { params, body }, { ifMatch })).toMatchObject({ ok: true });
    expect(await ada.call('teams.replace', { params, body: { gateways: [] } }, { ifMatch })).toMatchObject({
      refusal: { status: 412, code: 'CHANGED_MEANWHILE' },
    });
    // One of a list is enough, or that it is there; a weak tag is no version that can be changed.
    const now = await ada.call('teams.read', { params });
    const tag = (now.ok ? now.etag : undefined) ?? '';
    for (const weak of [`W/${tag}`, `${ifMatch}, W/${tag}`, `*, ${ifMatch}`, tag.slice(1, -1)])
      expect(await ada.call('teams.replace', { params, body }, { ifMatch: weak })).toMatchObject({ refusal: { status: 412 } });
    const listed = { ifMatch: `"x", ${tag} , ${ifMatch}` };
    expect(await ada.call('teams.replace', { params, body: { gateways: [] } }, listed)).toMatchObject({ ok: true });
    expect(await ada.call('teams.replace', { params, body }, { ifMatch: '*' })).toMatchObject({ ok: true });
    const none = { team: slug('none') };
    expect(await ada.call('teams.replace', { params: none, body }, { ifMatch: '*' })).toMatchObject({ refusal: { status: 404 } });
    // Where it would not count, whoever counts on it is told.
    const added = await ada.call('teams.add-user', { params: { ...params, user: slug('pat') } }, { ifMatch });
    expect(added).toMatchObject({ refusal: { status: 400, code: 'INPUT_INVALID' } });
  });
});

describe('nobody gets more than they have', () => {
  test('by giving a role, or by changing whoever has more', async () => {
    proves('admin.not-above', {
      file: 'gateway/admin/above.ts',
      find: 'if (above !== undefined) throw',
      replace: 'if (above === undefined) throw',
    });
    const eve = await as('eve');
    const role = (user: string, to: string) =>
      eve.call('users.set-role', { params: { user: slug(user) }, body: { role: slug(to) } });
    expect(await role('ben', 'administrator')).toMatchObject({ refusal: { status: 403, code: 'ABOVE_OWN' } });
    expect(await role('ada', 'member')).toMatchObject({ refusal: { status: 403, code: 'ABOVE_OWN' } });
    expect(await eve.call('users.remove', { params: { user: slug('ada') } })).toMatchObject({ refusal: { code: 'ABOVE_OWN' } });
    expect(await role('ben', 'helpdesk')).toMatchObject({ ok: true });
  });

  test('by taking the address of somebody who has more', async () => {
    const { store } = stage.data;
    const boss = { email: 'boss@example.org', provider: 'idp', issuer: 'https://idp.example.org', subject: 'boss' } as const;
    await store.signIn.arrive({ ...boss, makes: true, gives: true, title: undefined, teams: [], ofGroups: undefined, at: 1 });
    await store.administration.setPersonRole(slug('boss-example-org'), slug('super-admin'), slug('member'));
    const pat = await as('pat');
    const create = (email: string) => pat.call('users.create', { body: { slug: slug('new'), user: { email, teams: [] } } });
    for (const email of ['Boss@example.org', 'ada@example.org'])
      expect(await create(email)).toMatchObject({ refusal: { status: 403, code: 'ABOVE_OWN' } });
    // Of somebody who has not, it is taken all the same.
    expect(await create('ben@example.org')).toMatchObject({ refusal: { status: 400, code: 'INPUT_INVALID' } });
  });

  test('nor a gateway that they do not reach, by a team', async () => {
    const create = await (
      await as('pat')
    ).call('users.create', {
      body: { slug: slug('new'), user: { email: 'n@example.org', teams: [slug('eng')] } },
    });
    expect(create).toMatchObject({ refusal: { status: 403, code: 'GATEWAY_NOT_GRANTED' } });
    const role = await (
      await as('pat')
    ).call('users.create', {
      body: { slug: slug('new'), user: { email: 'n@example.org', role: slug('people'), teams: [] } },
    });
    expect(role).toMatchObject({ refusal: { status: 403, code: 'CAPABILITY_NEEDED', capability: 'roles.manage' } });
  });

  test('nor one by being somebody who reaches it', async () => {
    const pat = await as('pat');
    const refused = { refusal: { status: 403, code: 'GATEWAY_NOT_GRANTED' } };
    const replace = (body: { email: string; title?: string }) =>
      pat.call('users.replace', { params: { user: slug('ben') }, body: { ...body, teams: [slug('eng')] } });
    expect(await replace({ email: 'pat-too@example.org' })).toMatchObject(refused);
    expect(await replace({ email: 'ben@example.org', title: 'Ben' })).toMatchObject({ ok: true });
    const enroll = (user: string) => pat.call('tokens.enroll', { body: { user: slug(user) } });
    expect(await enroll('ben')).toMatchObject(refused);
    expect(await enroll('eve')).toMatchObject({ refusal: { status: 403, code: 'ABOVE_OWN' } });
    expect(await enroll('pat')).toMatchObject({ ok: true });
  });

  test('nor lets somebody in again, or takes somebody away, who reaches it', async () => {
    proves('admin.take-back', {
      file: 'gateway/admin/user.ts',
      find: '    // Whoever comes back reaches what their teams grant.\n    await refuseAs(context, params.user);',
      replace: '',
    });
    const { store } = stage.data;
    const [pat, ada] = [await as('pat'), await as('ada')];
    const came = { email: 'new@example.org', provider: 'idp', issuer: 'https://idp.example.org', subject: 'new' } as const;
    const teams = [slug('eng')];
    await store.signIn.arrive({ ...came, makes: true, gives: true, title: undefined, teams, ofGroups: undefined, at: 1 });
    const refused = { refusal: { status: 403, code: 'GATEWAY_NOT_GRANTED' } };
    expect(await pat.call('users.remove', { params: { user: slug('new-example-org') } })).toMatchObject(refused);
    for (const user of [slug('ben'), slug('new-example-org')]) {
      // Whoever leaves is sent away by whoever sees it first.
      expect(await pat.call('users.offboard', { params: { user } })).toMatchObject({ ok: true });
      expect(await pat.call('users.take-back', { params: { user } })).toMatchObject(refused);
      expect(await ada.call('users.take-back', { params: { user } })).toMatchObject({ ok: true });
    }
  });

  test('nor sees or removes what is at a gateway that they do not reach', async () => {
    const set = (gateway?: 'main') => ({
      server: slug('crm'),
      user: slug('ben'),
      value: 'x',
      ...(gateway && { gateway: slug(gateway) }),
    });
    const [pat, ada] = [await as('pat'), await as('ada')];
    const made = await ada.call('identities.set', { body: set('main') });
    if (!made.ok) throw new Error(made.refusal.message);
    expect(await ada.call('identities.set', { body: set() })).toMatchObject({ ok: true });
    expect(await pat.call('identities.list', { query: {} })).toMatchObject({ answer: { items: [{ gateway: null }] } });
    expect(await pat.call('identities.remove', { params: { id: made.answer.id } })).toMatchObject({
      refusal: { status: 403, code: 'GATEWAY_NOT_GRANTED' },
    });
    expect(await ada.call('identities.remove', { params: { id: made.answer.id } })).toMatchObject({ ok: true });
  });

  test('and the last super admin stays', async () => {
    proves('admin.last-super-admin', {
      file: 'gateway/store/sql/super-admin.ts',
      find: 'if (had && result.changed && !(await hasSuperAdmin(tx)))',
      replace: 'if (had && !result.changed && !(await hasSuperAdmin(tx)))',
    });
    const ada = await as('ada');
    const refused = { refusal: { status: 409, code: 'LAST_SUPER_ADMIN' } };
    const params = { user: slug('ada') };
    expect(await ada.call('users.set-role', { params, body: { role: slug('member') } })).toMatchObject(refused);
    expect(await ada.call('users.remove', { params })).toMatchObject(refused);
    const { store } = stage.data;
    const without = { ...policy, users: {} };
    await expect(store.replacePolicy(without, await store.revision(), 1)).rejects.toMatchObject({ code: 'LAST_SUPER_ADMIN' });
    await ada.call('users.set-role', { params: { user: slug('ben') }, body: { role: slug('super-admin') } });
    expect(await ada.call('users.remove', { params })).toMatchObject({ ok: true });
  });
});

describe('a POST with an Idempotency-Key', () => {
  const body = { slug: slug('ops'), team: { gateways: [] } };
  test('is done once, and gets the same answer again', async () => {
    proves('admin.once', {
      file: 'gateway/http/admin/once.ts',
      find: "if (found.request !== digest) throw new Fault('KEY_REUSED');",
      replace: '',
    });
    const ada = await as('ada');
    const once = { idempotencyKey: 'k1' };
    const first = await ada.call('teams.create', { body }, once);
    const again = await ada.call('teams.create', { body }, once);
    expect(again).toEqual(first);
    const other = await ada.call('teams.create', { body: { ...body, slug: slug('other') } }, once);
    expect(other).toMatchObject({ refusal: { status: 409, code: 'KEY_REUSED' } });
    stage.now += 86_400_001;
    expect(await ada.call('teams.create', { body }, once)).toMatchObject({ refusal: { code: 'NAME_TAKEN' } });
  });

  test('is done by one of many that come at once', async () => {
    const ada = await as('ada');
    const all = await Promise.all(Array.from({ length: 8 }, () => ada.call('teams.create', { body }, { idempotencyKey: 'k2' })));
    const codes = all.map((one) => (one.ok ? 'done' : one.refusal.code));
    expect(codes).toContain('done');
    expect(codes.filter((code) => code !== 'done' && code !== 'KEY_UNDER_WAY')).toEqual([]);
  });

  test('that was refused may be sent again with its key', async () => {
    const ada = await as('ada');
    const wrong = { slug: slug('ops'), team: { gateways: [slug('nowhere')] } };
    for (const _ of [1, 2])
      expect(await ada.call('teams.create', { body: wrong }, { idempotencyKey: 'k3' })).toMatchObject({
        refusal: { status: 400 },
      });
  });
});

describe('the door', () => {
  test('names every problem of what came', async () => {
    const token = await stage.token('ada');
    const post = (body: string) =>
      stage.ask('/api/v1/users', {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      });
    const answer = JSON.stringify(await (await post('{"slug":"UP","user":{"email":"no"},"more":1}')).json());
    for (const path of ['body.slug', 'body.user.email', 'more']) expect(answer).toContain(path);
    expect((await post('{')).status).toBe(400);
    expect(JSON.stringify(await (await post('{"slug":"a","slug":"b"}')).json())).toContain('twice');
    expect((await post(' '.repeat(300_000))).status).toBe(413);
  });

  test('puts a refusal on record with the missing capability, and who', async () => {
    await (await as('ben')).call('teams.list', { query: {} });
    await stage.ask('/api/v1/me', { headers: { authorization: 'Bearer dbp_nobody' } });
    const events = (await stage.records()).filter((record) => record.kind === 'event' && record.event === 'admin_refused');
    expect(events).toMatchObject([
      { code: 'CAPABILITY_NEEDED', user: { name: 'ben' }, detail: { operation: 'teams.list', capability: 'people.view' } },
      { code: 'ACCESS_TOKEN_NEEDED', user: null },
    ]);
  });

  test('says to anybody what it is, and not again to whoever knows', async () => {
    for (const path of ['/api/v1/openapi.json', '/api/v1/policy.schema.json']) {
      const first = await stage.ask(path);
      expect([first.status, Object.keys(await first.json())]).toEqual([
        200,
        expect.arrayContaining([path.includes('openapi') ? 'paths' : 'properties']),
      ]);
      const again = await stage.ask(path, { headers: { 'if-none-match': first.headers.get('etag') ?? '' } });
      expect(again.status).toBe(304);
    }
  });

  test('bounds what one address asks without a valid token', async () => {
    const statuses: number[] = [];
    for (let count = 0; count < 122; count++) {
      const response = await stage.ask('/api/v1/me', { headers: { authorization: `Bearer dbp_${'a'.repeat(43)}` } });
      await response.arrayBuffer();
      statuses.push(response.status);
    }
    expect([statuses[0], statuses[119], statuses[120]]).toEqual([401, 401, 429]);
  });

  test('shows lists by pages that neither repeat nor miss', async () => {
    const ada = await as('ada');
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const found = await ada.call('users.list', { query: { limit: 2, ...(cursor === undefined ? {} : { cursor }) } });
      if (!found.ok) throw new Error(found.refusal.message);
      seen.push(...found.answer.items.map(({ slug: name }) => name));
      cursor = found.answer.next ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual(['ada', 'ben', 'eve', 'pat']);
    const found = await ada.call('users.list', { query: { search: 'EVE@' } });
    expect(found).toMatchObject({ answer: { items: [{ slug: 'eve', role: 'helpdesk', teams: ['eng'] }], next: null } });
  });

  test('knows no other origin, no method that is none, and no address that is none', async () => {
    const foreign = await stage.ask('/api/v1/me', { headers: { origin: 'https://evil.example.org' } });
    expect(foreign.status).toBe(403);
    expect((await stage.ask('/api/v1/me', { method: 'DELETE' })).status).toBe(405);
    expect((await stage.ask('/api/v1/nothing')).status).toBe(404);
  });
});
