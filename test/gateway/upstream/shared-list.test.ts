// Lists that several are shown alike, when all of them hear at once that one changed.
import { expect, test, vi } from 'vitest';
import type { AllowedListing } from '../../../gateway/call.ts';
import { features } from '../../../gateway/mcp/feature.ts';
import { createSharedLists } from '../../../gateway/upstream/shared-list.ts';
import type { ListedItem } from '../../../gateway/upstream/upstream.ts';
import { Secret } from '#contract/secret.ts';
import { listen } from '../../fake/remote/listen.ts';
import { proves } from '../../requirement.ts';
import { allowed, asJson, said, upstreamFor } from './remote-fixture.ts';

function scene() {
  let at = 1000;
  let asked = 0;
  const shared = createSharedLists(() => at);
  const get = (key: string, since: number, fails = false) =>
    shared.get(
      key,
      since,
      () => {
        asked++;
        return fails ? Promise.reject(new Error('no')) : Promise.resolve<readonly ListedItem[]>([]);
      },
      (items) => items,
    );
  return { get, asked: () => asked, pass: (ms: number) => (at += ms) };
}

test('whoever heard of a change before the list was asked for is given it, and nobody who heard of one after', async () => {
  const { get, asked, pass } = scene();
  await get('a', 900);
  pass(500);
  await get('a', 1000);
  expect(asked()).toBe(1);
  await get('a', 1001);
  await get('b', 900);
  expect(asked()).toBe(3);
  pass(5000);
  await get('b', 900);
  expect(asked()).toBe(4);
});

test('whoever comes after a failure asks by themselves', async () => {
  const { get, asked } = scene();
  await expect(get('a', 900, true)).rejects.toThrow('no');
  await get('a', 900);
  expect(asked()).toBe(2);
});

test('a change that many conversations hear of has a modern server asked once for each as whom it is called, and by nobody’s later request', async () => {
  proves('protocol.relisted-once', {
    file: 'gateway/upstream/shared-list.ts',
    find: 'if (known && known.beganAt >= since && !known.isEnded) return known.join(wait);',
    replace: '',
  });
  proves('protocol.relisted-once', {
    file: 'gateway/upstream/remote.ts',
    find: 'const key = [session.context, declared, feature.kind]',
    replace: 'const key = [declared, feature.kind]',
  });
  const server = await listen((seen, response) => {
    const { id, method } = said(seen);
    const who = String(seen.headers.authorization);
    const tools = [{ name: who.slice(7), inputSchema: { type: 'object' } }];
    const discovered = { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } };
    asJson(response, { id, result: method === 'server/discover' ? discovered : { resultType: 'complete', tools } });
  });
  const auth = { identity: 'own', header: 'Authorization', isBearer: true, scheme: 'header' } as const;
  const identity = ({ user }: { user: { slug: string } | null }) => {
    const slug = String(user?.slug);
    return { id: slug, setAt: 1, isSignIn: false, value: new Secret(slug) };
  };
  const upstream = upstreamFor('', { identity });
  const of = (user: string, conversation: string) => {
    const call = allowed(server, { auth });
    return {
      ...call,
      conversation,
      caller: { ...call.caller, user: { ...call.caller.user, slug: user } },
    } as unknown as AllowedListing;
  };
  const signal = new AbortController().signal;
  const list = async (user: string, conversation: string, since?: number) =>
    (await upstream.list(of(user, conversation), features.tools, {}, signal, { since })).map(({ name }) => name);
  const asked = () => server.seen.filter((seen) => said(seen).method === 'tools/list').length;
  await list('ada', 'first');
  await list('bob', 'second');
  const [before, heardAt] = [asked(), performance.now()];
  const conversations = Array.from({ length: 30 }, (_, at) => (at % 2 === 0 ? 'ada' : 'bob'));
  const lists = await Promise.all(conversations.map((user, at) => list(user, `c${at}`, heardAt)));
  expect(lists).toEqual(conversations.map((user) => [user]));
  expect(asked()).toBe(before + 2);
  await list('ada', 'first');
  expect(asked()).toBe(before + 3);
});

test('a list that several wait for is asked for until the last of them goes, whoever began', async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  let lists = 0;
  const server = await listen(async (seen, response) => {
    const { id, method } = said(seen);
    const discovered = { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } };
    if (method === 'server/discover') return asJson(response, { id, result: discovered });
    if (++lists === 3) response.on('close', () => ended.resolve());
    if (lists > 1) asked.resolve();
    if (lists > 1) await answer.promise;
    if (lists < 3) asJson(response, { id, result: { resultType: 'complete', tools: [{ name: 'echo' }] } });
  });
  const upstream = upstreamFor();
  const list = (conversation: string, since: number, signal = new AbortController().signal) =>
    upstream.list({ ...allowed(server), conversation } as AllowedListing, features.tools, {}, signal, { since });
  await list('first', performance.now());
  const since = performance.now();
  const [first, last, alone] = [new AbortController(), new AbortController(), new AbortController()];
  const begun = list('first', since, first.signal);
  await asked.promise;
  const joined = list('second', since, last.signal);
  await new Promise((resolve) => setTimeout(resolve, 50));
  first.abort();
  await expect(begun).rejects.toMatchObject({ code: 'CANCELLED' });
  answer.resolve();
  expect(await joined).toMatchObject([{ name: 'echo' }]);
  const third = list('first', performance.now(), alone.signal);
  await vi.waitFor(() => expect(lists).toBe(3));
  alone.abort();
  await expect(third).rejects.toMatchObject({ code: 'CANCELLED' });
  await ended.promise;
});
