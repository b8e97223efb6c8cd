// converge and restore, killed for real at each step: nothing is lost, and doing it again ends the same.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { converge } from '../../../bridge/host/converge.ts';
import { localServers } from '../../../bridge/host/local.ts';
import { restore } from '../../../bridge/host/restore.ts';
import { proves } from '../../requirement.ts';
import type { Place } from './fixture.ts';
import { configs, makePlace, paths, writeAll } from './fixture.ts';

const key = randomBytes(32).toString('base64url');
let place: Place;
beforeEach(async () => {
  place = await makePlace(key);
  await writeAll(place);
});
afterEach(async () => {
  await place.close();
});

/** Runs killed.ts and gives the signal that ended it. */
async function run(what: string, step: string, nth: number): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'killed.ts'), place.home, key, what, step, String(nth)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [, signal]: [unknown, NodeJS.Signals | null] = await new Promise((resolve) =>
    child.once('exit', (code, by) => resolve([code, by])),
  );
  return signal;
}

/** Every config is wholly what it was or wholly what it becomes, and nothing of ours lies beside it. */
async function expectWhole(becomes: readonly string[]): Promise<void> {
  for (const [index, path] of paths.entries()) expect([configs[path], becomes[index]]).toContain(await place.text(path));
}
async function expectTidy(): Promise<void> {
  for (const path of paths)
    expect((await readdir(dirname(join(place.home, path)))).filter((name) => name.includes('drawbridge-tmp'))).toEqual([]);
}

describe('a process killed in the midst of', () => {
  test.each([
    ['planned', 2],
    ['backup_written', 2],
    ['ledger_written', 1],
    ['ledger_written', 3],
    ['temp_written', 2],
    ['file_replaced', 1],
    ['file_replaced', 3],
    ['ledger_settled', 2],
  ])('converge, at %s of file %i, loses nothing: done again it ends the same, and restore is exact', async (step, nth) => {
    proves('host-config.crash-safe', {
      file: 'bridge/host/converge.ts',
      find: 'await writeLedger(stateDir, pending);',
      replace: '',
    });
    expect(await run('converge', step, nth)).toBe('SIGKILL');
    const killed = await Promise.all(paths.map(place.text));
    expect((await restore(place.request)).files.map((file) => file.result)).not.toContain('refused');
    for (const path of paths) expect(await place.text(path)).toBe(configs[path]);

    for (const [index, path] of paths.entries()) await place.write(path, configs[path] ?? killed[index] ?? '');
    expect(await run('converge', step, nth)).toBe('SIGKILL');
    await converge(place.request);
    const becomes = await Promise.all(paths.map(place.text));
    for (const [index, path] of paths.entries()) expect([configs[path], becomes[index]]).toContain(killed[index]);
    for (const [index, path] of paths.entries()) expect(becomes[index]).not.toBe(configs[path]);
    await expectTidy();
    expect((await localServers(place.request)).length).toBeGreaterThan(2);
    expect((await restore(place.request)).files.map((file) => file.result)).toEqual(['exact', 'exact', 'exact']);
    for (const path of paths) expect(await place.text(path)).toBe(configs[path]);
  });

  test.each([
    ['temp_written', 1],
    ['file_replaced', 2],
    ['ledger_settled', 1],
  ])('restore, at %s of file %i, loses nothing: done again it is exact', async (step, nth) => {
    await converge(place.request);
    const converged = await Promise.all(paths.map(place.text));
    expect(await run('restore', step, nth)).toBe('SIGKILL');
    await expectWhole(converged);
    await restore(place.request);
    for (const path of paths) expect(await place.text(path)).toBe(configs[path]);
    await expectTidy();
    expect(await localServers(place.request)).toEqual([]);
  });
});
