// The sample home: what it holds, and that it never overwrites.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hosts } from '#contract/host-table.ts';
import { discover } from '../../bridge/host/plan.ts';
import { isSampleHome, makeSampleHome } from '../../build/start/sample-home.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'drawbridge-sample-'));
});
afterEach(async () => {
  await rm(home, { recursive: true });
});

describe('a sample home', () => {
  test('holds a config of each host that names the same three servers', async () => {
    await makeSampleHome(home);
    const states = await discover({ home, stateDir: home, platform: 'linux', env: {}, hosts });
    const files = states.flatMap((state) => state.files).filter((file) => file.state !== 'missing');
    const found = files.map(({ host, servers }) => [
      host,
      servers
        .filter(({ kind }) => kind !== 'other')
        .map(({ name, kind }) => `${name} ${kind}`)
        .toSorted(),
    ]);
    expect(found).toEqual(hosts.map(({ id }) => [id, ['everything stdio', 'filesystem stdio', 'memory stdio']]));
    expect(await readFile(join(home, 'Documents', 'welcome.txt'), 'utf8')).toContain('gateway');
  });

  test('is known by its marker, and keeps the files that are there', async () => {
    expect(await isSampleHome(home)).toBe(false);
    await makeSampleHome(home);
    expect(await isSampleHome(home)).toBe(true);
    await writeFile(join(home, '.codex', 'config.toml'), '# mine\n');
    await makeSampleHome(home);
    expect(await readFile(join(home, '.codex', 'config.toml'), 'utf8')).toBe('# mine\n');
  });
});
