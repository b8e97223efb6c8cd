// That a hearer stays with its server where sessions come and go; the sessions are the test's own.
import { expect, onTestFinished, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { Slug } from '#contract/id.ts';
import type { AllowedListing } from '../../../gateway/call.ts';
import { readMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { createFollowers } from '../../../gateway/upstream/follow.ts';
import { Interest } from '../../../gateway/upstream/interest.ts';
import type { Reply } from '../../../gateway/upstream/upstream.ts';
import { proves } from '../../requirement.ts';
import { hearer } from './hearer.ts';

const server = Slug.parse('notes');
const listing = { assignment: { server: { slug: server } } } as unknown as AllowedListing;
const away = () => new Fault('WORKSTATION_OFFLINE', { server });

function scene(
  of: { isStarted?: boolean; fails?: () => Fault | undefined; firstPauseMs?: number; onAsked?: (what: string) => void } = {},
) {
  let current: Interest | undefined;
  let opened = 0;
  const open = (): Interest =>
    new Interest({
      server,
      about: undefined,
      way: undefined,
      async ask(method, uri) {
        of.onAsked?.(`${method} ${uri}`);
        return emptyReply();
      },
      onDropped: () => undefined,
    });
  const followers = createFollowers({
    async interestOf() {
      opened++;
      const fault = of.fails?.();
      if (fault) throw fault;
      if (!current || current.isOver) current = open();
      return current;
    },
    waitsFor: () => 'ada',
    isStarted: of.isStarted ?? false,
    firstPauseMs: of.firstPauseMs ?? 5,
  });
  onTestFinished(() => followers.close());
  return { followers, opened: () => opened, lose: (fault?: Fault) => current?.lost(fault), current: () => current };
}

function emptyReply(): Reply {
  const body = Buffer.from('{"jsonrpc":"2.0","id":1,"result":{}}');
  const message = readMessage(body);
  if (message.kind !== 'response') throw new Error('no response');
  return { body, message };
}
const exited = () => new Fault('SERVER_EXITED', { server, reason: 'it exited' });
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a lost session is followed by the next: what was subscribed to is made again, and then the hearer is told', async () => {
  proves('protocol.subscribed-again', {
    file: 'gateway/upstream/follow.ts',
    find: 'await Promise.allSettled(this.#hearer.subscribed(server.slug)',
    replace: 'await Promise.allSettled([]',
  });
  proves('protocol.told-of-loss', {
    file: 'gateway/upstream/follow.ts',
    find: 'if (this.#interest === interest) this.#hearer.missed(server.slug);',
    replace: '',
  });
  const one = hearer({ uris: ['thing://a'] });
  const { followers, lose } = scene({ onAsked: (what) => one.heard.push(what) });
  const following = followers.follow(listing, one);
  await following.subscribe('thing://a', true, {}, new AbortController().signal);
  expect(one.heard).toEqual(['resources/subscribe thing://a']);
  lose(exited());
  await expect.poll(() => one.heard).toHaveLength(3);
  expect(one.heard).toEqual(['resources/subscribe thing://a', 'resources/subscribe thing://a', 'missed']);
});

test('one that could not be reached at first is told once it is there', async () => {
  let isThere = false;
  const one = hearer();
  const { followers } = scene({ isStarted: true, firstPauseMs: 60_000, fails: () => (isThere ? undefined : away()) });
  followers.follow(listing, one);
  await settled();
  isThere = true;
  followers.wake('grace');
  await settled();
  expect(one.heard).toEqual([]);
  followers.wake('ada');
  await expect.poll(() => one.heard).toEqual(['missed']);
});

test('a session that nobody needed any more is not sought again until the host uses the server', async () => {
  const one = hearer();
  const { followers, lose, opened } = scene();
  const following = followers.follow(listing, one);
  await expect.poll(opened).toBe(1);
  await settled();
  lose();
  await settled();
  expect([following.isSettled, opened()]).toEqual([false, 1]);
  following.refresh(listing, false);
  expect(following.isSettled).toBe(false);
  following.refresh(listing, true);
  await expect.poll(() => one.heard).toEqual(['missed']);
});

test('a process that ended is started again for who listens to it, a few times, and never for who only may', async () => {
  proves('protocol.no-endless-starts', {
    file: 'gateway/upstream/follow.ts',
    find: 'this.#starts++ >= startsAtMost',
    replace: 'false',
  });
  const passive = scene({ isStarted: true, fails: exited });
  const idle = passive.followers.follow(listing, hearer());
  const wanted = scene({ isStarted: true, fails: exited });
  const following = wanted.followers.follow(listing, hearer({ keepsOpen: true }));
  await expect.poll(() => following.isSettled, { timeout: 10_000 }).toBe(false);
  expect([passive.opened(), wanted.opened(), idle.isSettled]).toEqual([1, 6, false]);
});

test('whoever is not there to be told costs nothing', async () => {
  const { followers, opened } = scene({ fails: exited });
  const following = followers.follow(listing, hearer({ isThere: false }));
  await expect.poll(() => following.isSettled).toBe(false);
  expect(opened()).toBe(1);
});

test('what is closed hears nothing more, also where its session was still being opened', async () => {
  const one = hearer({ keepsOpen: true });
  const { followers, current, lose } = scene();
  followers.follow(listing, one).close();
  await settled();
  expect(current()?.isIdle).toBe(true);
  const following = followers.follow(listing, one);
  await expect.poll(() => current()?.isIdle).toBe(false);
  following.close();
  lose(exited());
  await settled();
  expect(one.heard).toEqual([]);
});

test('a server that failed is tried again in its time, however often something changes; who was refused tries at each change', async () => {
  proves('protocol.changes-pace-nothing', {
    file: 'gateway/upstream/follow.ts',
    find: 'this.#isPaced = !isAway',
    replace: 'this.#isPaced = false && !isAway',
  });
  const tries = async (fault: Fault, isUsed: boolean): Promise<number> => {
    const { followers, opened } = scene({ firstPauseMs: 60_000, fails: () => fault });
    const following = followers.follow(listing, hearer({ keepsOpen: true }));
    await settled();
    for (let change = 0; change < 3; change++) {
      following.refresh(listing, isUsed);
      await settled();
    }
    expect(following.isSettled).toBe(true);
    return opened();
  };
  const unreachable = new Fault('UPSTREAM_UNREACHABLE', { server, reason: 'nobody answers' });
  expect(await tries(unreachable, false)).toBe(1);
  expect(await tries(unreachable, true)).toBe(4);
  expect(await tries(away(), false)).toBe(4);
  expect(await tries(new Fault('IDENTITY_MISSING', { server }), false)).toBe(4);
});
