// Lists over any servers and any policy: what is shown is what is provisioned and no more, what is hidden is told, and each name leads back.
import fc from 'fast-check';
import pino from 'pino';
import { expect, test } from 'vitest';
import { newId, Slug, UserId } from '#contract/id.ts';
import { type ItemKind, itemKinds, PolicyFile, type PolicyIds, type Provisioning } from '#contract/policy.ts';
import { Fault } from '#contract/error.ts';
import type { Identified } from '../../../gateway/call.ts';
import { features } from '../../../gateway/mcp/feature.ts';
import { prefixed, unprefixed } from '../../../gateway/mcp/item-name.ts';
import { membersOf } from '../../../gateway/mcp/span.ts';
import { createPager } from '../../../gateway/pipeline/cursor.ts';
import { createSeal } from '../../../gateway/pipeline/seal.ts';
import { beginRecord } from '../../../gateway/pipeline/draft.ts';
import { createKnownLists } from '../../../gateway/pipeline/known-list.ts';
import { createLateLists } from '../../../gateway/pipeline/late-list.ts';
import { listItems } from '../../../gateway/pipeline/list.ts';
import { createMute } from '../../../gateway/pipeline/mute.ts';
import { compile } from '../../../gateway/policy/compile.ts';
import type { ListedItem, Upstream } from '../../../gateway/upstream/upstream.ts';
import { proves } from '../../requirement.ts';
import { followsNothing } from './following.ts';
import { screenBy } from './screening.ts';
import { uncut } from './uncut.ts';

const eng = Slug.parse('eng');
const ada = newId();
const servers = ['a', 'a-b', 'mail'] as const;

interface World {
  /** What each server has; undefined where it does not answer. */
  readonly has: Readonly<Record<string, readonly string[] | undefined>>;
  readonly exposed: Readonly<Record<string, Provisioning>>;
}

function listedItem(kind: ItemKind, name: string): ListedItem {
  const { key } = features[kind];
  const json = Buffer.from(JSON.stringify({ title: name, [key]: name, x: { [key]: name } }));
  const nameSpan = membersOf(json, 0).find((member) => member.key === key)?.value;
  if (!nameSpan) throw new Error('no name');
  return { name, json, nameSpan };
}

/** A host's list at the gateway's one URL, or at that of one server. */
async function listed(world: World, kind: ItemKind, server?: string) {
  const ids: PolicyIds = {
    users: { ada },
    teams: {},
    servers: Object.fromEntries(servers.map((slug) => [slug, newId()])),
    gateways: { eng: newId() },
    assignments: {},
  };
  const policy = PolicyFile.parse({
    version: 1,
    users: { ada: { email: 'a@example.org', teams: ['red'] } },
    teams: { red: { gateways: ['eng'] } },
    servers: Object.fromEntries(servers.map((slug) => [slug, { kind: 'workstation' }])),
    gateways: {
      eng: { assignments: Object.fromEntries(Object.entries(world.exposed).map(([slug, names]) => [slug, { [kind]: names }])) },
    },
  });
  const snapshot = compile({ policy, ids, offers: [], approvals: [] });
  const upstream: Upstream = {
    async list({ assignment }, feature) {
      const names = world.has[assignment.server.slug];
      if (names === undefined) throw new Fault('SERVER_EXITED', { server: assignment.server.slug });
      return names.map((name) => listedItem(feature.kind, name));
    },
    tell: () => Promise.resolve(),
    meet: () => Promise.resolve(),
    about: () => undefined,
    follow: followsNothing,
    hear: () => undefined,
    call: () => Promise.reject(new Error('not called')),
    release: () => undefined,
    close: () => Promise.resolve(),
  };
  const request: Identified = {
    era: 'modern',
    method: features[kind].method,
    target: { gateway: eng, server: server === undefined ? undefined : Slug.parse(server) },
    body: Buffer.alloc(0),
    caller: {
      user: { id: UserId.parse(ada), slug: Slug.parse('ada') },
      host: 'codex',
      token: null,
      gateway: eng,
      via: 'http',
      workstation: null,
    },
    conversation: 'c',
    arrivedAt: { monotonic: 0, wall: 0 },
  };
  const draft = beginRecord(request, request.method, request);
  const inForce = { current: () => snapshot, onChange: () => () => undefined, close: () => undefined };
  const lists = createKnownLists(upstream, uncut);
  const mute = createMute();
  const news = { uses: () => undefined, hears: () => false, came: () => undefined };
  const deps = {
    inForce,
    screen: screenBy(inForce),
    lists,
    pager: createPager(createSeal(Buffer.alloc(32), 'cursor')),
    late: createLateLists({ lists, mute, news }),
    mute,
    news,
    logger: pino({ level: 'silent' }),
  };
  const answered = await listItems(deps, request, features[kind], undefined, draft, new AbortController().signal);
  if (answered.kind !== 'listed') throw new Error('not a list');
  return { items: answered.items.map((json): Record<string, unknown> => JSON.parse(json.toString())), draft };
}

const names = fc.oneof(
  fc.constantFrom('read', 'write', 'demo://a', 'demo://b', 'x'.repeat(70), 'https://example.org/a#b'),
  fc.string({ minLength: 1, maxLength: 70 }),
);
const worlds: fc.Arbitrary<World> = fc
  .record({
    has: fc.dictionary(fc.constantFrom(...servers), fc.option(fc.uniqueArray(names, { maxLength: 6 }), { nil: undefined })),
    all: fc.constantFrom('all', 'none', 'some'),
    picks: fc.infiniteStream(fc.boolean()),
  })
  .map(({ has, all, picks }) => ({
    has,
    exposed: Object.fromEntries(
      Object.entries(has).map(([slug, owned]): [string, Provisioning] => [
        slug,
        all === 'some' ? [...(owned ?? ['ghost']).filter(() => picks.next().value === true), 'ghost'] : all,
      ]),
    ),
  }));
const isExposed = (exposed: Provisioning | undefined, name: string) =>
  exposed === 'all' || (Array.isArray(exposed) && exposed.includes(name));

test('at the one URL: the provisioned items of all servers that answer, each under a name that leads back', async () => {
  proves('policy.lists-filtered', {
    file: 'gateway/pipeline/list.ts',
    find: 'now?.provisions(feature.kind, item.name, item.definition) === true && isPinned',
    replace: 'now !== undefined && isPinned',
  });
  await fc.assert(
    fc.asyncProperty(worlds, fc.constantFrom(...itemKinds), async (world, kind) => {
      const asked = Object.keys(world.has).filter((slug) => world.exposed[slug] !== 'none');
      const dead = asked.filter((slug) => world.has[slug] === undefined);
      if (asked.length > 0 && dead.length === asked.length) {
        await expect(listed(world, kind)).rejects.toMatchObject({ code: 'SERVER_EXITED' });
        return;
      }
      const { items, draft } = await listed(world, kind);
      const { key } = features[kind];
      const back = items.map(({ title, [key]: name, x }) => {
        // Only the name changed.
        expect(x).toEqual({ [key]: title });
        const found = unprefixed({ kind, name: String(name) });
        if (found && !found.isCut) expect(found.name).toBe(title);
        return [found?.server, title];
      });
      const owned = asked.flatMap((slug) => (world.has[slug] ?? []).map((name) => [slug, name] as const));
      const shown = owned.filter(([slug, name]) => isExposed(world.exposed[slug], name));
      expect(new Set(back.map((pair) => JSON.stringify(pair)))).toEqual(new Set(shown.map((pair) => JSON.stringify(pair))));
      expect(draft.hidden).toHaveLength(owned.length - shown.length);
      expect(draft.leftOut).toEqual(dead.toSorted());
      const order = items.map(({ [key]: name }) => unprefixed({ kind, name: String(name) })?.server ?? '');
      expect(order).toEqual(order.toSorted());
    }),
    { numRuns: 300 },
  );
});

test('at the one URL: items of one name of a server are left out, and each of them is on record as hidden', async () => {
  const [slug] = servers;
  for (const kind of itemKinds) {
    const { items, draft } = await listed({ has: { [slug]: ['a', 'b', 'a'] }, exposed: { [slug]: 'all' } }, kind);
    expect(items.map(({ title }) => title)).toEqual(['b']);
    const hidden = prefixed(slug, { kind, name: 'a' });
    expect(draft.hidden).toEqual([hidden, hidden]);
  }
});

test("at one server's URL: its provisioned items in its own order, byte for byte", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, fc.constantFrom(...itemKinds), async (world, kind) => {
      for (const [slug, owned] of Object.entries(world.has)) {
        if (owned === undefined && world.exposed[slug] !== 'none') {
          await expect(listed(world, kind, slug)).rejects.toMatchObject({ code: 'SERVER_EXITED' });
          continue;
        }
        const { items } = await listed(world, kind, slug);
        const shown = (owned ?? []).filter((name) => isExposed(world.exposed[slug], name));
        expect(items).toEqual(shown.map((name) => JSON.parse(listedItem(kind, name).json.toString())));
      }
    }),
    { numRuns: 100 },
  );
});
