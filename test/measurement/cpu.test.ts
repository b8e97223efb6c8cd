// Whose CPU time a figure holds.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { cpuMsOfTrees } from '../bench/cpu.ts';

/** By its own account, so that a busy machine changes nothing. */
const burn = (ms: number): string =>
  `let used = 0; while (used < ${ms * 1000}) { const { user, system } = process.cpuUsage(); used = user + system; }`;
const burnedMs = 800;

test('the CPU of a tree holds that of its children, also of one that has ended', async () => {
  proves('bench.whole-tree', {
    file: 'test/bench/cpu.ts',
    find: 'field(14) + field(15) + field(16) + field(17)',
    replace: 'field(14) + field(15)',
  });
  const parent = `require('node:child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(burn(burnedMs))}]); console.log('waited'); setInterval(() => 0, 1000)`;
  const child = spawn(process.execPath, ['-e', parent], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(child.stdout, 'data');
    expect(cpuMsOfTrees([child.pid ?? 0])).toBeGreaterThanOrEqual(burnedMs - 20);
    expect(cpuMsOfTrees([child.pid ?? 0])).toBeLessThanOrEqual(cpuMsOfTrees([process.pid]));
  } finally {
    child.kill();
    await once(child, 'exit');
  }
}, 30_000);
