// `npm start` in a place where nothing can be made.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const script = join(import.meta.dirname, '../../../build/start/main.ts');

test.each(['/proc/drawbridge', '/dev/null/data', script, `/tmp/${'long/'.repeat(1000)}`])(
  'the start with --data %.40s ends at once with a line that says what to do',
  (place) => {
    // In a process of its own: what turns for ever does so in a thread that nobody can stop.
    const { status, stderr } = spawnSync(process.execPath, [script, '--data', place], { encoding: 'utf8', timeout: 20_000 });
    const line = /^npm start: [^\n]+ can't be made or written \([A-Z]+\)\. Name a directory that you may write with --data\.\n$/;
    expect([status, stderr]).toEqual([1, expect.stringMatching(line)]);
  },
);
