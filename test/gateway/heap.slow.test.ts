// Memory that a storm took: given back when nothing is under way, and not before. In a process of its own, because it is about all of a process's memory.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { proves } from '../requirement.ts';

const heap = fileURLToPath(new URL('../../gateway/heap.ts', import.meta.url));
/** Makes a heap of 150 MB, drops it and has it collected; says what the process holds then, and again when it gave back or after so many ms. */
const program = (isQuiet: boolean, arrived: number): string => `
  import { giveBackMemory } from ${JSON.stringify(heap)};
  const rss = () => process.memoryUsage.rss() / 2 ** 20;
  let came = 0;
  giveBackMemory({ isQuiet: () => ${isQuiet}, arrived: () => came, everyMs: 20 });
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  let kept = Array.from({ length: 1_000_000 }, (_, i) => ({ i, of: [i] }));
  await wait(100);
  const full = rss();
  kept = undefined;
  came = ${arrived};
  for (let i = 0; i < 4; i++) { globalThis.gc(); await wait(100); }
  for (let i = 0; i < ${isQuiet && arrived > 0 ? 200 : 20} && (rss() > full - 60 || i < 5); i++) { await wait(50); }
  process.stdout.write(JSON.stringify({ full, after: rss() }));
  process.exit(0);
`;

async function run(isQuiet: boolean, arrived: number): Promise<{ readonly full: number; readonly after: number }> {
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', program(isQuiet, arrived)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  return JSON.parse(out) as { full: number; after: number };
}

test('goes back to the system after a storm when nothing is under way', async () => {
  proves('tunnel.memory-given-back', { file: 'gateway/heap.ts', find: '    collectAll();\n', replace: '' });
  const { full, after } = await run(true, 10_000);
  expect(after).toBeLessThan(full - 60);
});

test('is kept while something is under way: to give it back stops everything for a moment', async () => {
  const { full, after } = await run(false, 10_000);
  expect(after).toBeGreaterThan(full - 60);
});

test('is kept after calls alone, which want it again and would have to be compiled anew', async () => {
  const { full, after } = await run(true, 0);
  expect(after).toBeGreaterThan(full - 60);
});
