// What a store promises of the secrets of engines, run against each implementation beside the store suite.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PolicyFile } from '#contract/policy.ts';
import { openStore } from '../../gateway/store/open.ts';
import type { Store } from '../../gateway/store/store.ts';
import { proves } from '../requirement.ts';
import { applyPolicy, quiet, slug } from './sample.ts';
import type { Ground } from './store.ts';

const engine = { kind: 'webhook', url: 'https://judge.example.org/verdict', secretHeader: 'X-Key' };
const naming = (...names: string[]) =>
  PolicyFile.parse({ version: 1, engines: Object.fromEntries(names.map((name) => [name, engine])) });
const secret = { header: 'x-key', origin: 'https://judge.example.org', sealed: 'sealed', setAt: 1, setBy: 'ada' } as const;

export function describeEngineSecrets(kind: string, ground: () => Promise<Ground>): void {
  describe(`the secrets of engines in a store on ${kind}`, () => {
    let place: Ground;
    let store: Store;
    beforeEach(async () => {
      place = await ground();
      store = await openStore(place.location, { logger: quiet, backupDirectory: '/nonexistent' });
      await applyPolicy(store, naming('judge', 'other'));
    });
    afterEach(async () => {
      await store.close();
      await place.remove();
    });

    test('are one for each engine, set anew, sealed anew where they are what they were, and removed', async () => {
      const { engineSecret } = store;
      const judge = slug('judge');
      const revision = await store.revision();
      expect(await engineSecret.set({ ...secret, engine: slug('none') })).toBe(false);
      expect(await store.revision()).toBe(revision);
      expect(await engineSecret.set({ ...secret, engine: judge })).toBe(true);
      expect(await engineSecret.set({ ...secret, engine: judge, sealed: 'anew', setAt: 2 })).toBe(true);
      expect(await store.revision()).toBe(revision + 2);
      expect(await engineSecret.reseal(judge, 'sealed', 'again')).toBe(0);
      expect(await engineSecret.reseal(judge, 'anew', 'again')).toBe(1);
      expect(await engineSecret.of(judge)).toEqual({ ...secret, engine: judge, sealed: 'again', setAt: 2 });
      expect(await engineSecret.of(slug('other'))).toBeUndefined();
      expect(await engineSecret.remove(judge)).toBe(true);
      expect(await engineSecret.remove(judge)).toBe(false);
      expect(await engineSecret.all()).toEqual([]);
    });

    test('stay through a change of the policy, and go with their engine', async () => {
      proves('rule.engine-secret-goes', {
        file: 'gateway/store/sql/replace-policy.ts',
        find: '  await settleEngines(tx);\n',
        replace: '',
      });
      const { engineSecret } = store;
      for (const name of ['judge', 'other']) await engineSecret.set({ ...secret, engine: slug(name) });
      await applyPolicy(store, naming('judge', 'third'));
      expect((await engineSecret.all()).map((one) => one.engine)).toEqual(['judge']);
      await applyPolicy(store, naming('judge', 'other'));
      expect((await engineSecret.all()).map((one) => one.engine)).toEqual(['judge']);
    });
  });
}
