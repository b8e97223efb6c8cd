// What a target does after its last answer is counted until it is over.
import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { restOf } from '../bench/load/rest.ts';

test('what a process still works at is waited for and counted', async () => {
  const used = 'const used = () => { const { user, system } = process.cpuUsage(); return user + system; };';
  const work = `${used} process.stdin.once('data', () => { const before = used(); while (used() - before < 6e5); console.log('done'); })`;
  const child = spawn(process.execPath, ['-e', work], { stdio: ['pipe', 'pipe', 'inherit'] });
  const { pid } = child;
  if (pid === undefined) throw new Error('it did not start');
  let isDone = false;
  child.stdout.once('data', () => (isDone = true));
  try {
    await restOf([pid]);
    child.stdin.write('now\n');
    // On a busy machine it may be held up for so long that it passes for done, or for not begun.
    let worked = 0;
    while (!isDone) worked += await restOf([pid]);
    expect(worked).toBeGreaterThan(200);
    expect(worked).toBeLessThan(1100);
    expect(await restOf([pid])).toBeLessThan(100);
  } finally {
    child.kill();
  }
}, 60_000);
