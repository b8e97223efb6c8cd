// What a store promises of definitions of items, run against each implementation beside the store suite.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AssignmentId, newId } from '#contract/id.ts';
import type { SeenDefinition } from '#contract/pin.ts';
import { PolicyFile } from '#contract/policy.ts';
import { openStore } from '../../gateway/store/open.ts';
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
    const stateOf = async (one: SeenDefinition) => (await store.pin.list()).find(({ hash }) => hash === one.hash)?.state;

    beforeEach(async () => {
      place = await ground();
      store = await openStore(place.location, { logger: quiet, backupDirectory: '/nonexistent' });
      await applyPolicy(store, policyOf('memory', 'files'));
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
      expect((await store.pin.list()).map(({ name, seenAt, suspicions }) => [name, seenAt, suspicions])).toEqual([
        [odd.name, 1000, odd.suspicions],
        ['add', 1000, odd.suspicions],
      ]);
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
      expect((await store.pin.list()).map(({ hints: of }) => of)).toEqual([hints, {}]);
    });

    test('of two first ones of an item accept one', async () => {
      proves('pin.first-once', {
        file: 'gateway/store/sql/pin.ts',
        find: "hashes.size > 0 && one.state === 'accepted'",
        replace: "hashes.size > 1 && one.state === 'accepted'",
      });
      const memory = await assignment('memory');
      await Promise.all(['one', 'two', 'three'].map((text) => store.pin.saw(memory, [seen('add', text)], by, 1000)));
      const states = (await store.pin.list()).map(({ state }) => state).toSorted();
      expect(states).toEqual(['accepted', 'waiting', 'waiting']);
    });

    test('keep 32 definitions of an item, and say of the others that they are not kept', async () => {
      const memory = await assignment('memory');
      const many = [...Array(40).keys()].map((at) => seen('add', `${at}`, { state: 'waiting', reason: 'changed' }));
      expect(await store.pin.saw(memory, many, by, 1000)).toHaveLength(32);
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
      expect((await store.pin.rows(version)).rows).toHaveLength(2);
      expect(await store.pin.decide([name(sum)], 'rejected', null, 3000)).toBe(true);
      // Seen again it is what was decided.
      await store.pin.saw(memory, [sum], by, 4000);
      expect(await stateOf(sum)).toBe('rejected');
    });

    test('stay with their assignment through every policy, and go with it', async () => {
      const [memory, files] = [await assignment('memory'), await assignment('files')];
      await store.pin.saw(memory, [seen('add', 'adds')], by, 1000);
      await store.pin.saw(files, [seen('read', 'reads')], by, 1000);
      await applyPolicy(store, policyOf('memory'));
      expect((await store.pin.list()).map(({ server, name }) => [server, name])).toEqual([['memory', 'add']]);
      expect(await store.pin.saw(files, [seen('read', 'reads')], by, 1000)).toEqual([]);
      await applyPolicy(store, policyOf('memory', 'files'));
      expect((await store.pin.list()).map(({ server }) => server)).toEqual(['memory']);
    });
  });
}
