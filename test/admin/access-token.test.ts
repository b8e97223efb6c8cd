// Personal access tokens as whoever has one sees them: what they do, what they make, and when they end.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Slug } from '#contract/id.ts';
import { PolicyFile } from '#contract/policy.ts';
import { reveal } from '#contract/secret.ts';
import { byHand } from '../gateway/data.ts';
import { issueAccessToken, revokeAccessToken } from '../../gateway/admin/access-token.ts';
import { issueDirectoryToken } from '../../gateway/admin/directory-token.ts';
import { proves } from '../requirement.ts';
import { until } from '../walk/deployment.ts';
import { root, run } from '../walk/program.ts';
import { openStage, type Stage } from './stage.ts';

const policy = PolicyFile.parse({
  version: 1,
  roles: { helpdesk: { capabilities: ['people.view', 'access-tokens.own'] } },
  users: {
    ada: { email: 'ada@example.org', role: 'super-admin', teams: ['eng'] },
    ben: { email: 'ben@example.org', teams: ['eng'] },
    eve: { email: 'eve@example.org', role: 'helpdesk', teams: ['eng'] },
  },
  teams: { eng: { gateways: ['main'] } },
  gateways: { main: {} },
});
const slug = (text: string) => Slug.parse(text);

let stage: Stage;
beforeEach(async () => {
  stage = await openStage(policy);
});
afterEach(() => stage.close());

describe('a personal access token', () => {
  test('does what its own list says and its role grants, and no more', async () => {
    proves('admin.token-scope', {
      file: 'gateway/admin/access-token.ts',
      find: 'token.capabilities?.includes(one) ?? true',
      replace: 'true',
    });
    const narrow = stage.client(await stage.token('ada', ['people.view']));
    expect(await narrow.call('teams.list', { query: {} })).toMatchObject({ ok: true });
    expect(await narrow.call('teams.remove', { params: { team: slug('eng') } })).toMatchObject({
      refusal: { status: 403, capability: 'teams.manage' },
    });
    const more = stage.client(await stage.token('ben', ['people.view']));
    expect(await more.call('teams.list', { query: {} })).toMatchObject({ refusal: { capability: 'people.view' } });
  });

  test('makes none that can do more', async () => {
    const narrow = stage.client(await stage.token('ada', ['access-tokens.own']));
    const more = await narrow.call('access-tokens.create', { body: { title: 'x', capabilities: ['people.view'] } });
    expect(more).toMatchObject({ refusal: { code: 'ABOVE_OWN' } });
    const made = await narrow.call('access-tokens.create', { body: { title: 'x' } });
    expect(made).toMatchObject({ answer: { capabilities: ['access-tokens.own'] } });
  });

  test('and no token of a directory is made without a word of what it is for', async () => {
    const acting = { ...byHand, store: stage.data.store, now: () => stage.now };
    const ada = stage.client(await stage.token('ada'));
    for (const title of ['', ' \t', 'x'.repeat(121)]) {
      const refused = { code: 'SETTING_INVALID', fields: { setting: '--title' } };
      const of = { user: 'ada', title, capabilities: undefined, days: 1 };
      await expect(issueAccessToken(acting, of)).rejects.toMatchObject(refused);
      await expect(issueDirectoryToken(acting, { title, days: 1 })).rejects.toMatchObject(refused);
      const invalid = { refusal: { status: 400, code: 'INPUT_INVALID' } };
      expect(await ada.call('access-tokens.create', { body: { title } })).toMatchObject(invalid);
      expect(await ada.call('directory.create-token', { body: { title, days: 1 } })).toMatchObject(invalid);
    }
  });

  test('ends with the one that it was made with', async () => {
    proves('admin.token-child', {
      file: 'gateway/store/sql/access-token.ts',
      find: 'if (numUpdatedRows === 0n) return unchanged(false);\n    await revokeChildren(tx, now);',
      replace: 'if (numUpdatedRows === 0n) return unchanged(false);',
    });
    const acting = { ...byHand, store: stage.data.store, now: () => stage.now };
    const parent = await issueAccessToken(acting, { user: 'ada', title: 'x', capabilities: undefined, days: 2 });
    const leaked = stage.client(reveal(parent.secret));
    const made = await leaked.call('access-tokens.create', { body: { title: 'mine', days: 90 } });
    expect(made).toMatchObject({ answer: { expiresAt: parent.token.expiresAt, parent: parent.token.id } });
    const child = stage.client(made.ok ? made.answer.token : '');
    const grown = await child.call('access-tokens.create', { body: { title: 'and mine', days: 90 } });
    const grandchild = stage.client(grown.ok ? grown.answer.token : '');
    expect(await grandchild.call('me.read', {})).toMatchObject({ ok: true });
    const own = await leaked.call('access-tokens.own', { query: {} });
    expect(own.ok && own.answer.items.length).toBe(3);
    await revokeAccessToken(acting, 'access-tokens.revoke', parent.token.id);
    for (const one of [child, grandchild])
      expect(await one.call('me.read', {})).toMatchObject({ refusal: { status: 401, code: 'TOKEN_REVOKED' } });
  });

  test('is refused at the next request once it is revoked, expired, or its role grants it no more', async () => {
    proves('admin.token-ends', {
      file: 'gateway/admin/access-token.ts',
      find: "if (token.revokedAt !== null) throw new Fault('TOKEN_REVOKED');",
      replace: '',
    });
    const { store } = stage.data;
    const acting = { ...byHand, store, now: () => stage.now };
    const made = await issueAccessToken(acting, { user: 'eve', title: 'x', capabilities: undefined, days: 1 });
    const eve = stage.client(reveal(made.secret));
    expect(await eve.call('users.list', { query: {} })).toMatchObject({ ok: true });
    await store.replacePolicy(
      { ...policy, users: { ...policy.users, [slug('eve')]: { email: 'eve@example.org', teams: [] } } },
      await store.revision(),
      1,
    );
    expect(await eve.call('users.list', { query: {} })).toMatchObject({ refusal: { status: 403, capability: 'people.view' } });
    expect(await eve.call('me.read', {})).toMatchObject({ answer: { capabilities: ['gateways.use'] } });
    stage.now += 86_400_000;
    expect(await eve.call('me.read', {})).toMatchObject({ refusal: { status: 401, code: 'TOKEN_EXPIRED' } });
    stage.now -= 86_400_000;
    await revokeAccessToken(acting, 'access-tokens.revoke', made.token.id);
    expect(await eve.call('me.read', {})).toMatchObject({ refusal: { status: 401, code: 'TOKEN_REVOKED' } });
  });

  test('gets another secret by itself: the old one is refused at once, what it may do and until when stays', async () => {
    const secret = await stage.token('ada', ['people.view']);
    const old = stage.client(secret);
    const [before] = await stage.data.store.administration.accessTokens();
    const both = await Promise.all([old.call('access-tokens.rotate', {}), old.call('access-tokens.rotate', {})]);
    const [won, ...others] = both.filter((one) => one.ok);
    expect(others).toEqual([]);
    expect(both.find((one) => !one.ok)).toMatchObject({ refusal: { status: 401, code: 'ACCESS_TOKEN_NEEDED' } });
    expect(await old.call('me.read', {})).toMatchObject({ refusal: { status: 401, code: 'ACCESS_TOKEN_NEEDED' } });
    const { id, expiresAt } = before ?? {};
    expect(won).toMatchObject({ answer: { id, expiresAt, capabilities: ['people.view'], state: 'valid' } });
    const fresh = stage.client(won?.ok ? won.answer.token : '');
    expect(await fresh.call('me.read', {})).toMatchObject({ answer: { accessToken: id, capabilities: ['people.view'] } });
    const deeds = await until('its deed to be on record', async () => {
      const found = (await stage.records()).filter((one) => one.kind === 'deed' && one.operation === 'access-tokens.rotate');
      return found.length > 0 ? found : undefined;
    });
    expect(deeds).toMatchObject([
      { target: id, actor: { user: { name: 'ada' }, accessToken: id }, after: { secret: 'replaced' } },
    ]);
    expect(JSON.stringify(deeds)).not.toContain('dbp_');
  });

  test('ends what was made with it when it gets another secret', async () => {
    proves('admin.token-rotate-children', {
      file: 'gateway/store/sql/access-token.ts',
      find: "set({ revoked_at: now }).where('parent', '=', id)",
      replace: "set({ revoked_at: now }).where('parent', '=', to)",
    });
    const parent = stage.client(await stage.token('ada'));
    const made = await parent.call('access-tokens.create', { body: { title: 'mine' } });
    const child = stage.client(made.ok ? made.answer.token : '');
    const grown = await child.call('access-tokens.create', { body: { title: 'and mine' } });
    const rotated = await parent.call('access-tokens.rotate', {});
    expect(rotated).toMatchObject({ ok: true });
    for (const one of [child, stage.client(grown.ok ? grown.answer.token : '')])
      expect(await one.call('me.read', {})).toMatchObject({ refusal: { status: 401, code: 'TOKEN_REVOKED' } });
  });

  test('gets another secret at the command line, which prints nothing but it', async () => {
    const secret = await stage.token('eve');
    const rotate = (input: string) =>
      run(join(root, 'gateway/cli.ts'), ['access-token', 'rotate', '--url', stage.origin], {
        input,
        env: { DRAWBRIDGE_ACCESS_TOKEN: undefined },
      });
    const { stdout, stderr } = await rotate(`${secret}\n`);
    expect([stdout, stderr]).toEqual([expect.stringMatching(/^dbp_[\w-]{43}\n$/), expect.stringContaining('as before')]);
    expect(await stage.client(stdout.trim()).call('me.read', {})).toMatchObject({ answer: { user: { slug: 'eve' } } });
    expect(await rotate(secret)).toMatchObject({ code: 1, stderr: expect.stringContaining('ACCESS_TOKEN_NEEDED') });
  });

  test('is in the database as its hash alone, also where an answer that showed it is kept', async () => {
    proves('admin.token-hashed', {
      file: 'gateway/http/admin/once.ts',
      find: 'await administration.endOnce(stored, seal(answer, secret, key))',
      replace: 'await administration.endOnce(stored, JSON.stringify(answer))',
    });
    const secret = await stage.token('ada');
    const made = await stage.client(secret).call('access-tokens.create', { body: { title: 'x' } }, { idempotencyKey: 'one' });
    const shown = made.ok ? made.answer.token : '';
    expect(shown).toMatch(/^dbp_/);
    const again = await stage.client(secret).call('access-tokens.create', { body: { title: 'x' } }, { idempotencyKey: 'one' });
    expect(again).toMatchObject({ answer: { token: shown } });
    for (const file of [stage.data.file, `${stage.data.file}-wal`]) {
      const bytes = readFileSync(file).toString('latin1');
      expect([bytes.includes(secret), bytes.includes(shown)]).toEqual([false, false]);
    }
  });
});
