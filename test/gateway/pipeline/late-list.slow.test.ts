// Lists that come after their host was answered: whom they are told to, how often, and what becomes of one that is too large to be kept.
import { setTimeout as after } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { Slug, UserId, newId } from '#contract/id.ts';
import type { AllowedListing } from '../../../gateway/call.ts';
import { features } from '../../../gateway/mcp/feature.ts';
import { createKnownLists } from '../../../gateway/pipeline/known-list.ts';
import { createLateLists } from '../../../gateway/pipeline/late-list.ts';
import { createMute } from '../../../gateway/pipeline/mute.ts';
import type { ListedItem, Upstream } from '../../../gateway/upstream/upstream.ts';
import { uncut } from './uncut.ts';

type Lister = Pick<Upstream, 'list'>;
const item = (name: string, bytes = 10): ListedItem => ({
  name,
  json: Buffer.alloc(bytes, name),
  nameSpan: { start: 0, end: 0 },
});
const user = { id: UserId.parse(newId()), slug: Slug.parse('ada') };
function listingOf(slug: string, workstation: string | null = null): AllowedListing {
  const caller = { user, host: 'test', workstation };
  const assignment = { server: { id: slug, slug }, gateway: { slug: 'eng' }, timeoutMs: 60_000 };
  // Of all that a listing says, this is what late lists go by.
  return { caller, conversation: 'one', assignment } as unknown as AllowedListing;
}

/** Two servers, `quick` and one that takes so long for a list; how often its host was told that its list came. */
function scene(takesMs: number, list: (count: number) => readonly ListedItem[]) {
  let asked = 0;
  let told = 0;
  const upstream: Lister = {
    async list({ assignment }: AllowedListing) {
      if (assignment.server.slug === 'quick') return [item('quick')];
      const count = asked++;
      await after(takesMs);
      return list(count);
    },
  };
  const lists = createKnownLists(upstream, uncut);
  const news = { hears: () => true, came: () => void told++ };
  const late = createLateLists({ lists, mute: createMute(), news });
  const [slow, quick] = [listingOf('slow'), listingOf('quick')];
  const { signal } = new AbortController();
  return {
    told: () => told,
    async names() {
      const begun = late.begin(features.tools, lists.ask);
      const both = await Promise.allSettled([slow, quick].map((listing) => begun.of(listing, {}, signal)));
      begun.end();
      return both.flatMap((one) => (one.status === 'fulfilled' ? one.value.map(({ name }) => name) : []));
    },
  };
}

test('a list that was left out is told of once it came, and is in the next one', async () => {
  const { names, told } = scene(1200, () => [item('slow')]);
  expect(await names()).toEqual(['quick']);
  await after(400);
  expect(told()).toBe(1);
});

test('one that is too large to be kept is not told of, and waited for from then on', async () => {
  const { names, told } = scene(1200, () => [item('huge', 9 * 1024 * 1024)]);
  expect(await names()).toEqual(['quick']);
  await after(400);
  expect(told()).toBe(0);
  expect(await names()).toEqual(['huge', 'quick']);
});

test('a slow one that is never the same twice is told of once, so that no host asks for it without end', async () => {
  const { names, told } = scene(700, (count) => [item(`slow-${count}`)]);
  expect(await names()).toEqual(['slow-0', 'quick']);
  for (let list = 0; list < 3; list++) {
    await names();
    await after(400);
  }
  expect(told()).toBe(1);
});

test('what one caller is owed is given to no other, though they are of one person and in one conversation', async () => {
  const upstream: Lister = {
    async list({ caller }: AllowedListing) {
      await after(900);
      return [item(`of ${caller.workstation}`)];
    },
  };
  const lists = createKnownLists(upstream, uncut);
  const mute = createMute();
  const late = createLateLists({ lists, mute, news: { hears: () => true, came: () => undefined } });
  const { signal } = new AbortController();
  const ask = (workstation: string) => late.begin(features.tools, lists.ask).of(listingOf('files', workstation), {}, signal);
  const first = ask('one');
  await after(870);
  // Somebody else found out meanwhile that it is late.
  mute.add(listingOf('files', 'two').caller, listingOf('files').assignment);
  expect(await ask('two')).toMatchObject([{ name: 'of two' }]);
  expect(await first).toMatchObject([{ name: 'of one' }]);
});

test('a refusal that comes late withdraws the list that was shown: it is told of, and shown no more', async () => {
  let told = 0;
  let asked = 0;
  const upstream: Lister = {
    async list() {
      if (asked++ === 0) return [item('files')];
      await after(900);
      throw new Fault('IDENTITY_REFUSED', { server: 'files', status: 401 });
    },
  };
  const lists = createKnownLists(upstream, uncut);
  const late = createLateLists({ lists, mute: createMute(), news: { hears: () => true, came: () => void told++ } });
  const { signal } = new AbortController();
  const listing = listingOf('files');
  const list = async () => {
    const begun = late.begin(features.tools, lists.ask);
    const [one] = await Promise.allSettled([begun.of(listing, {}, signal)]);
    begun.end();
    return one?.status;
  };
  expect(await list()).toBe('fulfilled');
  expect(await list()).toBe('rejected');
  expect(lists.last(listing, features.tools)).toHaveLength(1);
  await after(600);
  expect([told, lists.last(listing, features.tools)]).toEqual([1, undefined]);
});

test('a server that never answers owes a host four lists at most', async () => {
  let asked = 0;
  const upstream: Lister = {
    list: ({ assignment }: AllowedListing) =>
      assignment.server.slug === 'quick' ? Promise.resolve([item('quick')]) : new Promise(() => void asked++),
  };
  const lists = createKnownLists(upstream, uncut);
  const late = createLateLists({ lists, mute: createMute(), news: { hears: () => true, came: () => undefined } });
  const { signal } = new AbortController();
  for (let list = 0; list < 6; list++) {
    const begun = late.begin(features.tools, lists.ask);
    await Promise.allSettled(['silent', 'quick'].map((slug) => begun.of(listingOf(slug), {}, signal)));
    begun.end();
    await after(2050);
  }
  expect(asked).toBe(4);
}, 30_000);

test('a server that answers all but one kind of list owes a host four of that at most too', async () => {
  let asked = 0;
  let isSilent = false;
  const upstream: Lister = {
    list: (_listing, { kind }) =>
      kind === 'resources' && isSilent ? new Promise(() => void asked++) : Promise.resolve([item('known')]),
  };
  const lists = createKnownLists(upstream, uncut);
  const late = createLateLists({ lists, mute: createMute(), news: { hears: () => true, came: () => undefined } });
  const { signal } = new AbortController();
  for (let round = 0; round < 6; round++) {
    for (const feature of [features.tools, features.resources]) {
      const begun = late.begin(feature, lists.ask);
      await Promise.allSettled([begun.of(listingOf('half'), {}, signal)]);
      begun.end();
    }
    isSilent = true;
  }
  expect(asked).toBe(4);
});

/** A server that answers when it is told to; whether what it is asked is given up. */
function held() {
  const answer = Promise.withResolvers<readonly ListedItem[]>();
  let isAsked = 0;
  let isGivenUp = false;
  const upstream: Lister = {
    list(_listing, _feature, _trace, signal) {
      isAsked++;
      signal.addEventListener('abort', () => {
        isGivenUp = true;
        answer.reject(new Fault('CANCELLED'));
      });
      return answer.promise;
    },
  };
  const lists = createKnownLists(upstream, uncut);
  const mute = createMute();
  const slow = listingOf('slow');
  mute.add(slow.caller, slow.assignment);
  const late = createLateLists({ lists, mute, news: { hears: () => true, came: () => undefined } });
  const begin = (signal = new AbortController().signal, of = slow) => {
    const begun = late.begin(features.tools, lists.ask);
    const list = begun.of(of, {}, signal);
    list.catch(() => undefined);
    return { begun, list };
  };
  return { answer, late, slow, begin, asked: () => isAsked, isGivenUp: () => isGivenUp };
}

test('what is owed to a conversation that is over is asked for no more', async () => {
  const { late, begin, isGivenUp } = held();
  await expect(begin().list).rejects.toMatchObject({ code: 'SERVER_TIMEOUT' });
  late.release('another');
  expect(isGivenUp()).toBe(false);
  late.release('one');
  expect(isGivenUp()).toBe(true);
});

test('what is begun for a conversation that is over is asked for no longer than its host waits', async () => {
  const { begin, slow, isGivenUp } = held();
  const over = { ...slow, audience: { conversation: { isOver: true } } } as unknown as AllowedListing;
  await expect(begin(undefined, over).list).rejects.toMatchObject({ code: 'SERVER_TIMEOUT' });
  expect(isGivenUp()).toBe(true);
});

test('a list goes on for who joined it when the first of them cancels, and ends with the last', async () => {
  const { begin, asked, answer, isGivenUp } = held();
  const [first, second] = [new AbortController(), new AbortController()];
  const one = begin(first.signal);
  const other = begin(second.signal);
  first.abort();
  await expect(one.list).rejects.toMatchObject({ code: 'CANCELLED' });
  expect([asked(), isGivenUp()]).toEqual([1, false]);
  answer.resolve([item('slow')]);
  expect(await other.list).toMatchObject([{ name: 'slow' }]);

  const again = held();
  const both = [new AbortController(), new AbortController()];
  const ends = both.map(({ signal }) => again.begin(signal).list);
  for (const controller of both) controller.abort();
  for (const list of ends) await expect(list).rejects.toMatchObject({ code: 'CANCELLED' });
  expect([again.asked(), again.isGivenUp()]).toEqual([1, true]);
});
