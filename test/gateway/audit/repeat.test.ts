// Work that is done again and again: how it ends.
import { expect, test } from 'vitest';
import { repeat } from '../../../gateway/audit/repeat.ts';
import { quiet } from '../../suite/sample.ts';

test('closed while a turn is under way it ends with that turn, and closed in a pause at once', async () => {
  const [began, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let turns = 0;
  const turn = async (): Promise<void> => {
    turns++;
    began.resolve();
    await gate.promise;
  };
  const repeated = repeat(turn, { firstMs: 0, everyMs: 1e9, logger: quiet, failure: 'it failed' });
  await began.promise;
  const closed = repeated.close();
  gate.resolve();
  await closed;
  const pausing = repeat(turn, { firstMs: 1e9, everyMs: 1e9, logger: quiet, failure: 'it failed' });
  await pausing.close();
  await pausing.close();
  expect(turns).toBe(1);
});
