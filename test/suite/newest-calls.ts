// What a store says of a user's newest calls, run against each implementation beside the store suite.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AuditRecord } from '#contract/audit.ts';
import type { UserId } from '#contract/id.ts';
import { openStore } from '../../gateway/store/open.ts';
import { lookBackRecords } from '../../gateway/store/sql/call.ts';
import type { Store } from '../../gateway/store/store.ts';
import { proves } from '../requirement.ts';
import { callRecord, group, quiet, recordOf, userId } from './sample.ts';
import type { Ground } from './store.ts';

export function describeNewestCalls(kind: string, ground: () => Promise<Ground>): void {
  describe(`a store on ${kind}`, () => {
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

    test("finds a user's newest calls, nobody else's, and not for longer than it looks back", async () => {
      proves('store.newest-calls', {
        file: 'gateway/store/sql/call.ts',
        find: '(last?.id ?? 0) - lookBackRecords',
        replace: '(last?.id ?? 0) - 10 * lookBackRecords',
      });
      const [ada, bob, cy] = [userId(), userId(), userId()];
      const written: [string, AuditRecord[]][] = [
        [
          'one',
          [
            callRecord(ada, { at: 10 }),
            callRecord(bob, { at: 20 }),
            callRecord(ada, { at: 30, method: 'tools/list', tool: null }),
            callRecord(ada, { at: 40, method: 'initialize', decision: 'refused', code: 'GATEWAY_NOT_GRANTED' }),
            callRecord(ada, { at: 42, method: 'prompts/get', tool: null, item: { kind: 'prompt', name: 'p' } }),
            callRecord(ada, { at: 44, method: 'resources/read', tool: null, item: { kind: 'resource', name: 'r' } }),
            callRecord(ada, { at: 46, method: 'vendor/x', tool: null, item: { kind: 'method', name: 'vendor/x' } }),
            callRecord(null, { at: 50, decision: 'refused', code: 'UNAUTHENTICATED' }),
            // of bob, with ada's own words in it
            callRecord(bob, { at: 60, tool: `"user":{"id":"${ada}"` }),
            { ...recordOf(70), user: { id: ada, name: 'ada' } },
          ],
        ],
        ['two', [callRecord(ada, { at: 35, decision: 'failed', code: 'TUNNEL_LOST' })]],
      ];
      for (const [chain, records] of written) {
        const [rows, seal] = group(chain, 0, records.length);
        await store.appendRecords(
          rows.map((row, index) => ({ ...row, body: JSON.stringify(records[index]) })),
          seal,
        );
      }
      const times = async (users: readonly UserId[], limit: number) => {
        const found = await store.newestCalls(users, limit);
        return users.map((user) => found.get(user)?.map(({ at }) => at));
      };
      expect(await times([ada], 10)).toEqual([[46, 44, 42, 40, 35, 10]]);
      expect(await times([ada], 2)).toEqual([[46, 44]]);
      expect(await times([bob, cy, ada], 10)).toEqual([[60, 20], [], [46, 44, 42, 40, 35, 10]]);
      expect(await times([], 10)).toEqual([]);
      // what is further back than the look is not found: a connect costs the same however much is on record
      await store.appendRecords(...group('one', 10, lookBackRecords));
      expect(await times([ada], 10)).toEqual([[35]]);
    });
  });
}
