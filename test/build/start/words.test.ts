// What `npm start` says of a posture, of a status as the agent writes it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { unobservableIds, unobservableOf } from '../../../contract/unobservable.ts';
import { describePosture } from '../../../build/start/words.ts';
import { proves } from '../../requirement.ts';
import { me, tell } from '../generate/puller-fixture.ts';

test('a posture is told with all that can not be seen from the device, whatever its verdict', async () => {
  proves('start.unobservable', {
    file: 'build/start/words.ts',
    find: '`  it is said of MCP only; not seen from here: ${unobservableWords}`,',
    replace: '',
  });
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-words-'));
  try {
    const file = join(dir, 'status.json');
    const lines = describePosture(await tell(file, me), file);
    expect(lines.at(-1)).toBe(`  file: ${file}`);
    for (const id of unobservableIds) expect(lines.join('\n')).toContain(unobservableOf(id).name);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
