// What a store promises of definitions of items, run against each implementation beside the store suite.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AssignmentId, newId } from '#contract/id.ts';
import type { SeenDefinition } from '#contract/pin.ts';
import { PolicyFile } from '#contract/policy.ts';
import { openStore } from '../../gateway/store/open.ts';
import type { ListedPin, PinFilter } from '../../gateway/store/pin.ts';
import type { Store } from '../../gateway/store/store.ts';
import { proves } from '../requirement.ts';
import { applyPolicy, quiet, sha256, slug } from './sample.ts';
import type { Ground } from './store.ts';

const policyOf = (...servers: readonly string[]) =>
  PolicyFile.parse({
    version: 1,
    servers: Object.fromEntries(servers.map((name) => [name, { kind: 'workstation' }])),
    gateways: { main: { assignments: Object.fromEntries(servers.map((name) => [name, { tools: 'all' }])) } },
  });
const seen = (name: string, text: string, change: Partial<SeenDefinition> = {}): SeenDefinition => ({
  kind: 'tools',
  name,
  hash: sha256(`${name} ${text}`),
  body: sha256(text),
  definition: JSON.stringify({ name, description: text }),
  hints: {},
  state: 'accepted',
  reason: 'new',
  suspicions: [{ kind: 'bidi', pointer: '/description', detail: 'x' }],
  gone: [],
  ...change,
});
const by = { user: slug('ada'), workstation: null };

export function describePins(kind: string, ground: () => Promise<Ground>): void {
  describe(`the pins of a store on ${kind}`, () => {
    let place: Ground;
    let store: Store;
    const assignment = async (server: string) =>
      AssignmentId.parse((await store.policy()).ids.assignments[`main/${server}`] ?? newId());
    const all = async () => (await store.pin.page({}, 100))?.pins ?? [];
    const stateOf = async (one: SeenDefinition) => (await all()).find(({ hash }) => hash === one.hash)?.state;

    beforeEach(async () => {
      place = await ground();
      store = await openStore(place.location, { logger: quiet, backupDirectory: '/nonexistent' });
      await applyPolicy(store, policyOf('memory', 'files_1'));
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    test('keep what was seen first, however often it is seen, whatever its name holds', async () => {
      const memory = await assignment('memory');
      const odd = seen('a\u0000\ud800\u202e', 'odd');
      expect(await store.pin.saw(memory, [odd, seen('add', 'adds')], by, 1000)).toHaveLength(2);
      const { version } = await store.pin.rows(undefined);
      expect(await store.pin.saw(memory, [odd, seen('add', 'adds')], by, 2000)).toEqual([]);
      expect(await store.pin.rows(version)).toEqual({ version, rows: undefined });
      const kept = (await all()).map(({ name, seenAt, suspicions }) => [name, seenAt, suspicions]);
      expect(kept).toHaveLength(2);
      expect(kept).toEqual(
        expect.arrayContaining([
          [odd.name, 1000, odd.suspicions],
          ['add', 1000, odd.suspicions],
        ]),
      );
    });

    test('keep what a definition says of itself', async () => {
      const memory = await assignment('memory');
      const hints = { readOnlyHint: true, openWorldHint: false };
      await store.pin.saw(memory, [seen('add', 'adds', { hints }), seen('sum', 'sums')], by, 1000);
      const { rows } = await store.pin.rows(undefined);
      expect(rows?.map(({ name, hints: of }) => [name, of]).toSorted()).toEqual([
        ['add', hints],
        ['sum', {}],
      ]);
      const shown = Object.fromEntries((await all()).map(({ name, hints: of }) => [name, of]));
      expect(shown).toEqual({ add: hints, sum: {} });
    });

    test('of two first ones of an item accept one', async () => {
      proves('pin.first-once', {
        file: 'gateway/store/sql/pin.ts',
        find: "hashes.size > 0 && one.state === 'accepted'",
        replace: "hashes.size > 1 && one.state === 'accepted'",
      });
      const memory = await assignment('memory');
      await Promise.all(['one', 'two', 'three'].map((text) => store.pin.saw(memory, [seen('add', text)], by, 1000)));
      const states = (await all()).map(({ state }) => state).toSorted();
      expect(states).toEqual(['accepted', 'waiting', 'waiting']);
    });

    test('keep 32 definitions of an item, and say of the others that they are not kept', async () => {
      const memory = await assignment('memory');
      const many = [...Array(40).keys()].map((at) => seen('add', `${at}`, { state: 'waiting', reason: 'changed' }));
      expect(await store.pin.saw(memory, many, by, 1000)).toHaveLength(32);
    });

    test('are listed page by page, in their order, each once, without their definitions', async () => {
      proves('pin.pages', {
        file: 'gateway/store/sql/pin.ts',
        find: 'isBegun ? [item, hash] : undefined',
        replace: 'undefined',
      });
      const names = [...Array(7).keys()].flatMap((at) => [`tool${at}`, `ä"\u0000${at}`]);
      const many = (server: string) => [
        ...names.map((name) => seen(name, server)),
        ...names.slice(0, 4).map((name) => seen(name, `${server} again`, { state: 'waiting' })),
      ];
      for (const server of ['memory', 'files_1']) await store.pin.saw(await assignment(server), many(server), by, 1000);
      const paged = async (of: PinFilter, limit: number) => {
        const found: ListedPin[] = [];
        for (let after: string | undefined, pages = 0; pages < 100; pages++) {
          const page = await store.pin.page(of, limit, after);
          found.push(...(page?.pins ?? []));
          if (typeof page?.next !== 'string') break;
          after = page.next;
        }
        return found;
      };
      const whole = await paged({}, 1000);
      expect(whole).toHaveLength(36);
      expect(whole[0]).not.toHaveProperty('definition');
      expect(whole.map(({ server }) => server)).toEqual([...Array(18).fill('files_1'), ...Array(18).fill('memory')]);
      expect(new Set(whole.map(({ hash }) => hash)).size).toBe(36);
      for (const limit of [1, 5, 36]) expect(await paged({}, limit)).toEqual(whole);
      const waiting = whole.filter(({ server, state }) => server === 'files_1' && state === 'waiting');
      expect(waiting).toHaveLength(4);
      expect(await paged({ gateway: 'main', server: 'files_1', state: 'waiting' }, 3)).toEqual(waiting);
      expect(await store.pin.page({ gateway: 'other' }, 10)).toEqual({ pins: [], next: null });
      expect(await store.pin.page({}, 10, 'no place')).toBeUndefined();
    });

    test('are found by the beginning of their hash and by their name, and what one differs from', async () => {
      const gone = seen('gone', 'was');
      const [add, sum] = [seen('add', 'adds'), seen('sum', 'sums', { state: 'waiting', reason: 'renamed', gone: ['gone'] })];
      await store.pin.saw(await assignment('memory'), [add, sum, gone, seen('other', 'x')], by, 1000);
      const [found, second] = await store.pin.begunWith(sum.hash.slice(0, 12), { gateway: 'main' });
      expect(found).toMatchObject({ name: 'sum', definition: sum.definition, gateway: 'main', server: 'memory' });
      expect(second).toBeUndefined();
      expect(await store.pin.begunWith('', {})).toHaveLength(2);
      expect(await store.pin.begunWith(sum.hash, { server: 'files_1' })).toEqual([]);
      if (!found) throw new Error('it is not found');
      expect((await store.pin.counterparts(found)).map(({ name }) => name)).toEqual(['gone']);
      const name = (one: SeenDefinition) => ({ gateway: slug('main'), server: slug('memory'), ...one });
      const named = await store.pin.named([name(sum), name(seen('no', 'such')), name(add)]);
      expect(named.map((one) => one?.state)).toEqual(['waiting', undefined, 'accepted']);
    });

    test('are decided of all at once or not at all, and what a renamed one came for waits again', async () => {
      const [memory, add] = [await assignment('memory'), seen('add', 'adds')];
      const sum = seen('sum', 'adds', { state: 'waiting', reason: 'renamed', gone: ['add'] });
      await store.pin.saw(memory, [add, sum], by, 1000);
      const name = (one: SeenDefinition) => ({ gateway: slug('main'), server: slug('memory'), ...one });
      const revision = await store.revision();
      expect(await store.pin.decide([name(sum), name(seen('no', 'such'))], 'accepted', null, 2000)).toBe(false);
      expect([await stateOf(sum), await store.revision()]).toEqual(['waiting', revision]);
      const { version } = await store.pin.rows(undefined);
      expect(await store.pin.decide([name(sum)], 'accepted', 'fine', 2000)).toBe(true);
      expect([await stateOf(sum), await stateOf(add)]).toEqual(['accepted', 'waiting']);
      // Nobody has to guess why what counted is on hold.
      const noteOf = async (one: SeenDefinition) => (await all()).find(({ hash }) => hash === one.hash)?.note;
      expect([await noteOf(sum), await noteOf(add)]).toEqual(['fine', '"sum" came for it, and was approved']);
      expect((await store.pin.rows(version)).rows).toHaveLength(2);
      expect(await store.pin.decide([name(sum)], 'rejected', null, 3000)).toBe(true);
      // Seen again it is what was decided.
      await store.pin.saw(memory, [sum], by, 4000);
      expect(await stateOf(sum)).toBe('rejected');
    });

    test('stay with their assignment through every policy, and go with it', async () => {
      const [memory, files] = [await assignment('memory'), await assignment('files_1')];
      await store.pin.saw(memory, [seen('add', 'adds')], by, 1000);
      await store.pin.saw(files, [seen('read', 'reads')], by, 1000);
      await applyPolicy(store, policyOf('memory'));
      expect((await all()).map(({ server, name }) => [server, name])).toEqual([['memory', 'add']]);
      expect(await store.pin.saw(files, [seen('read', 'reads')], by, 1000)).toEqual([]);
      await applyPolicy(store, policyOf('memory', 'files_1'));
      expect((await all()).map(({ server }) => server)).toEqual(['memory']);
    });
  });
}
