// What a store promises of break-glass switches, run against each implementation beside the store suite.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Switch } from '#contract/switch.ts';
import { openStore } from '../../gateway/store/open.ts';
import type { Store } from '../../gateway/store/store.ts';
import { proves } from '../requirement.ts';
import { quiet, slug } from './sample.ts';
import type { Ground } from './store.ts';

const off = (change: Partial<Switch> = {}): Switch => ({
  kind: 'server',
  name: 'files',
  reason: 'it leaks',
  isTold: false,
  since: 1000,
  until: null,
  by: 'root',
  owner: null,
  ...change,
});

export function describeSwitches(kind: string, ground: () => Promise<Ground>): void {
  describe(`the switches of a store on ${kind}`, () => {
    let place: Ground;
    let store: Store;
    beforeEach(async () => {
      place = await ground();
      store = await openStore(place.location, { logger: quiet, backupDirectory: '/nonexistent' });
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    test('are kept whole, one of each kind and name, the oldest first, until they are turned on', async () => {
      const first = off({ isTold: true, until: 9000 });
      const second = off({ kind: 'workstation', name: 'w', owner: slug('ada'), since: 2000 });
      await store.switchOff(second);
      await store.switchOff(off());
      await store.switchOff(first);
      expect(await store.switches()).toEqual([first, second]);
      expect(await store.switchOn({ kind: 'user', name: 'files' })).toBe(false);
      expect(await store.switchOn(first)).toBe(true);
      expect(await store.switches()).toEqual([second]);
      expect(await store.switchOn(first)).toBe(false);
    });

    test('bump the revision, each time that something changes', async () => {
      proves('switch.seen-elsewhere', {
        file: 'gateway/store/sql/switch.ts',
        find: "return changed(undefined, 'beside');",
        replace: 'return unchanged(undefined);',
      });
      const before = await store.revision();
      await store.switchOff(off());
      expect(await store.revision()).toBe(before + 1);
      await store.switchOn(off());
      expect(await store.revision()).toBe(before + 2);
      await store.switchOn(off());
      expect(await store.revision()).toBe(before + 2);
    });

    test('whose time has long come are forgotten when another is turned off', async () => {
      const day = 86_400_000;
      await store.switchOff(off({ name: 'old', until: 2000 }));
      await store.switchOff(off({ name: 'recent', until: 2000 + 2 * day }));
      await store.switchOff(off({ since: 3000 + 30 * day }));
      expect((await store.switches()).map(({ name }) => name)).toEqual(['recent', 'files']);
    });
  });
}
