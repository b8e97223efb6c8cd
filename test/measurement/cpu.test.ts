// Whose CPU time a figure holds.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { cpuMsOfTrees } from '../bench/cpu.ts';

const burn = (ms: number): string => `const end = performance.now() + ${ms}; while (performance.now() < end);`;

test('the CPU of a tree holds that of its children, also of one that has ended', async () => {
  proves('bench.whole-tree', {
    file: 'test/bench/cpu.ts',
    find: 'field(14) + field(15) + field(16) + field(17)',
    replace: 'field(14) + field(15)',
  });
  const parent = `require('node:child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(burn(400))}]); console.log('waited'); setInterval(() => 0, 1000)`;
  const child = spawn(process.execPath, ['-e', parent], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(child.stdout, 'data');
    expect(cpuMsOfTrees([child.pid ?? 0])).toBeGreaterThan(150);
    expect(cpuMsOfTrees([child.pid ?? 0])).toBeLessThanOrEqual(cpuMsOfTrees([process.pid]));
  } finally {
    child.kill();
    await once(child, 'exit');
  }
}, 30_000);
