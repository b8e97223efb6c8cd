// Tokens that were made while the clock was ahead: whatever they open, they count no more once it is right, and where they are listed it says so.
import { expect, onTestFinished, test } from 'vitest';
import { PolicyFile } from '#contract/policy.ts';
import { reveal } from '#contract/secret.ts';
import { actorOf, issueAccessToken, shownAccessToken } from '../../../gateway/admin/access-token.ts';
import { directoryActor, issueDirectoryToken, shownDirectoryToken } from '../../../gateway/admin/directory-token.ts';
import { tokenTable } from '../../../gateway/admin/print.ts';
import { issueEnrollToken, issueHostToken } from '../../../gateway/admin/token.ts';
import { stateOf } from '../../../gateway/admin/token-state.ts';
import { byHand, openData } from '../data.ts';

const hourMs = 3_600_000;
const now = Date.UTC(2026, 10, 27);

async function made(at: number) {
  const { store, close } = await openData(
    PolicyFile.parse({
      version: 1,
      users: { ada: { email: 'ada@example.org', teams: ['eng'], role: 'admin' } },
      teams: { eng: { gateways: ['main'] } },
      gateways: { main: {} },
    }),
  );
  onTestFinished(close);
  const acting = { store, ...byHand, now: () => at };
  const of = { ...acting, now: at, ttlMs: hourMs, user: 'ada' };
  return {
    store,
    access: await issueAccessToken(acting, { user: 'ada', title: 'mine', capabilities: undefined, days: 1 }),
    directory: await issueDirectoryToken(acting, { title: 'theirs', days: 1 }),
    enroll: await issueEnrollToken(of),
    host: await issueHostToken({ ...of, gateway: 'main', host: 'codex', knownHosts: ['codex'] }),
  };
}

test.each([
  ['two days', 48, 'ahead'],
  ['an hour', 1, 'valid'],
])('a token that was made while the clock was %s ahead', async (_, hours, state) => {
  const { store, access, directory, enroll, host } = await made(now + hours * hourMs);
  const isLate = state === 'ahead';
  const asked = (work: Promise<unknown>) =>
    work.then(
      () => 'let in',
      (error: unknown) => (error as { code?: string }).code,
    );
  expect([
    await asked(actorOf(store, `Bearer ${reveal(access.secret)}`, now)),
    await asked(directoryActor(store, `Bearer ${reveal(directory.secret)}`, now)),
  ]).toEqual(isLate ? ['ACCESS_TOKEN_NEEDED', 'DIRECTORY_TOKEN_NEEDED'] : ['let in', 'let in']);
  expect([
    shownAccessToken(access.token, now).state,
    shownDirectoryToken(directory.token, now).state,
    stateOf(enroll.token, now),
    stateOf(host.token, now),
  ]).toEqual([state, state, state, state]);
  expect(tokenTable(await store.tokens(), now).match(new RegExp(`\\b${state}\\b`, 'g'))).toHaveLength(2);
});
