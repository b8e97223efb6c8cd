// What a pool keeps of servers and their sessions; the sessions are the test's own.
import { expect, onTestFinished, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { newId, Slug, UserId } from '#contract/id.ts';
import type { AllowedListing, Era } from '../../../gateway/call.ts';
import { type Opening, type Pooled, SessionPool } from '../../../gateway/upstream/session-pool.ts';
import type { About } from '../../../gateway/upstream/upstream.ts';
import { proves } from '../../requirement.ts';

const hour = 3_600_000;
const about: About = {
  instructions: 'Hello',
  capabilities: new Set(),
  listChanged: [],
  isSubscribable: false,
  hasTasks: false,
  beyond: undefined,
};
const ada = { id: UserId.parse(newId()), slug: Slug.parse('ada') };
const bob = { id: UserId.parse(newId()), slug: Slug.parse('bob') };

interface Talk extends Pooled {
  isOpen: boolean;
  isIdle: boolean;
  readonly number: number;
  readonly heard: string[];
}

function scene(of: { limits?: { perUser?: number; inAll?: number }; isStateless?: boolean; idleMs?: number } = {}) {
  let at = 1000;
  let fails = false;
  let era: Era = 'legacy';
  const openings: Opening[] = [];
  const pool = new SessionPool<Talk>({ what: 'local servers', limits: of.limits ?? {}, idleMs: of.idleMs, now: () => at });
  onTestFinished(() => pool.close());
  const open = async (opening: Opening): Promise<{ talk: Talk; transport: undefined }> => {
    openings.push(opening);
    const number = openings.length;
    const heard: string[] = [];
    await Promise.resolve();
    if (fails) throw new Fault('SERVER_START_FAILED', { server: 'notes', reason: 'it exited.' });
    const talk: Talk = {
      number,
      heard,
      era: opening.known?.era ?? era,
      // As a legacy server, which says it in each handshake.
      about,
      isOpen: true,
      isIdle: true,
      isStateless: of.isStateless ?? false,
      lastUsedAt: performance.now(),
      leave: (conversation) => void heard.push(`left ${conversation}`),
      setLogLevel: (level) => void heard.push(level),
      rootsChanged: () => void heard.push('roots'),
      close() {
        if (!talk.isOpen) return;
        talk.isOpen = false;
        opening.onClosed();
      },
    };
    return { talk, transport: undefined };
  };
  const get = async (key: string, is: { user?: typeof ada; isShared?: boolean; signal?: AbortSignal } = {}) => {
    const assignment = { server: { slug: Slug.parse('notes') } };
    const allowed = { conversation: key, caller: { user: is.user ?? ada }, assignment } as unknown as AllowedListing;
    const needed = { allowed, withinMs: 5000, isShared: is.isShared ?? false, key, place: 'notes', bears: undefined, open };
    return pool.sessionFor(needed, is.signal ?? new AbortController().signal);
  };
  return {
    pool,
    get,
    openings,
    believed: () => openings.map(({ known }) => known?.era),
    pass: (ms: number) => (at += ms),
    fail: (is: boolean) => (fails = is),
    become: (is: Era) => (era = is),
  };
}
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof Fault ? error.code : String(error)),
  );

test('what a server was found to speak is asked again after an hour, however often it was believed since', async () => {
  proves('protocol.verdict-expires', {
    file: 'gateway/upstream/session-pool.ts',
    find: 'until: believed?.until ?? this.#now() + forgottenAfterMs',
    replace: 'until: this.#now() + forgottenAfterMs',
  });
  const { get, believed, pass, become } = scene();
  for (const key of ['one', 'two', 'three']) {
    await get(key);
    pass(0.4 * hour);
  }
  expect(believed()).toEqual([undefined, 'legacy', 'legacy']);
  become('modern');
  expect((await get('four')).era).toBe('modern');
  expect((await get('five')).era).toBe('modern');
  expect(believed().slice(3)).toEqual([undefined, 'modern']);
});

test('a start that fails is not believed into again, and what others found out meanwhile stays', async () => {
  proves('protocol.verdict-expires', {
    file: 'gateway/upstream/session-pool.ts',
    find: 'if (this.#verdicts.get(place) === before) this.#verdicts.delete(place);',
    replace: '',
  });
  const { get, pool, believed, fail } = scene();
  await get('one');
  expect(pool.about('notes')).toBe(about);
  fail(true);
  expect(await codeOf(get('two'))).toBe('SERVER_START_FAILED');
  expect(pool.about('notes')).toBeUndefined();
  fail(false);
  await get('two');
  expect(believed()).toEqual([undefined, 'legacy', undefined]);
});

test('what turned out to be mistaken is not believed again because a session that believed it was opened', async () => {
  const { get, believed, openings } = scene();
  await get('one');
  const second = get('two');
  openings[1]?.onMistaken();
  await second;
  await get('three');
  expect(believed()).toEqual([undefined, 'legacy', undefined]);
});

test('a session of which the server knows nothing is opened anew after an hour, one for all that wait for what is found', async () => {
  const { get, believed, pass } = scene({ isStateless: true });
  const [one, two] = [await get('one'), await get('two')];
  pass(hour);
  two.isIdle = false;
  expect(await get('two')).toBe(two);
  two.isIdle = true;
  const again = get('one');
  expect(await get('two')).toBe(two);
  expect(await again).not.toBe(one);
  expect(one.isOpen).toBe(false);
  expect(await get('two')).toBe(two);
  expect(believed()).toEqual([undefined, 'legacy', undefined]);
});

test('a session that the server knows of stays, also when what it spoke is to be asked again', async () => {
  const { get, pass } = scene();
  const one = await get('one');
  pass(2 * hour);
  expect(await get('one')).toBe(one);
});

test('a user has a share of the sessions: beyond it is a refusal by name, and others are served', async () => {
  proves('protocol.sessions-shared-out', {
    file: 'gateway/upstream/session-pool.ts',
    find: 'if (ofUser >= this.#limits.perUser)',
    replace: 'if (ofUser < 0)',
  });
  const { get } = scene({ limits: { perUser: 2, inAll: 4 } });
  const [first] = [await get('one'), await get('two')];
  await expect(get('three')).rejects.toThrow(/local servers are open for "ada"/);
  expect(await codeOf(get('three'))).toBe('SESSIONS_SPENT');
  expect(await get('one')).toBe(first);
  for (const key of ['four', 'five']) await get(key, { user: bob });
  first?.close();
  await get('three');
  const eve = { id: UserId.parse(newId()), slug: Slug.parse('eve') };
  expect(await codeOf(get('six', { user: eve }))).toBe('BUSY');
});

test('a start that failed takes no place', async () => {
  const { get, fail } = scene({ limits: { perUser: 1 } });
  fail(true);
  for (const key of ['one', 'two']) expect(await codeOf(get(key))).toBe('SERVER_START_FAILED');
  fail(false);
  await get('three');
});

test('a start that fails after everybody went away hurts nobody', async () => {
  const { get, fail } = scene();
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', onUnhandled);
  onTestFinished(() => void process.off('unhandledRejection', onUnhandled));
  fail(true);
  expect(await codeOf(get('one', { signal: AbortSignal.abort() }))).toBe('CANCELLED');
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled).toEqual([]);
});

test('who waits for the same start gets the same session', async () => {
  const { get, openings } = scene();
  const [one, two] = await Promise.all([get('one'), get('one')]);
  expect(one).toBe(two);
  expect(openings).toHaveLength(1);
});

test('what a conversation says reaches its own sessions, and its end closes those and leaves the shared ones', async () => {
  const { get, pool } = scene();
  const own = await get('one');
  const other = await get('two');
  const shared = await get('all', { isShared: true });
  pool.hear('one', { kind: 'roots-changed' });
  pool.hear('one', { kind: 'log-level', level: 'debug' });
  const late = get('three');
  pool.release('three');
  pool.release('one');
  await late;
  await expect.poll(() => own.isOpen).toBe(false);
  await expect.poll(async () => (await late).isOpen).toBe(false);
  expect([own.heard, other.heard, shared.heard]).toEqual([['roots', 'debug'], [], ['left three', 'left one']]);
  expect([other.isOpen, shared.isOpen]).toEqual([true, true]);
});

test('only what nobody needs is swept, and a pool that is closed opens nothing', async () => {
  const { get, pool } = scene({ idleMs: 1 });
  const [idle, busy] = [await get('one'), await get('two')];
  busy.isIdle = false;
  await expect.poll(() => (pool.sweep(), idle.isOpen)).toBe(false);
  expect(busy.isOpen).toBe(true);
  await pool.close();
  expect(busy.isOpen).toBe(false);
  expect(await codeOf(get('three'))).toBe('STOPPING');
});

test('nothing is opened for who is gone', async () => {
  const { get, openings } = scene();
  await expect(get('a', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(openings).toHaveLength(0);
});
