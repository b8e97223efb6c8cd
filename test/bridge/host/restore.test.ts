// Giving configs back: exactly, merged into what others changed, without a key, without a backup.
import { readdir, rm, writeFile } from 'node:fs/promises';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { parse as parseJsonc } from 'jsonc-parser';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { converge } from '../../../bridge/host/converge.ts';
import { localServers } from '../../../bridge/host/local.ts';
import { restore } from '../../../bridge/host/restore.ts';
import { proves } from '../../requirement.ts';
import type { Place } from './fixture.ts';
import { claude, codex, configs, makePlace, paths, plantedSecret, requestFor, sealerWith, vscode, writeAll } from './fixture.ts';

let place: Place;
beforeEach(async () => {
  place = await makePlace();
});
afterEach(async () => {
  await place.close();
});

const results = (report: Awaited<ReturnType<typeof restore>>): readonly string[] => report.files.map((file) => file.result);
const jsonc = (text: string): unknown => parseJsonc(text, [], { allowTrailingComma: true });

describe('restore', () => {
  test('puts only our entries back into what others made of a file since', async () => {
    proves('host-config.merge-restore', {
      file: 'bridge/host/take.ts',
      find: 'if (isOut ? there !== undefined : !isOurs) continue;',
      replace: 'if (!isOut || there !== undefined) continue;',
    });
    await writeAll(place);
    await converge(place.request);
    const edit = async (path: string, find: string, replace: string): Promise<void> => {
      const text = await place.text(path);
      expect(text).toContain(find);
      await place.write(path, text.replace(find, replace));
    };
    await edit(claude, '"menuBarEnabled": true', '"menuBarEnabled": false, "quickEntry": 1');
    await edit(vscode, '/* files */', '/* files, as IT wants them */');
    await edit(codex, 'notifications = true', 'notifications = false # quiet\ntheme = "dark"');
    const report = await restore(place.request);
    expect(results(report)).toEqual(['merged', 'merged', 'merged']);

    expect(JSON.parse(await place.text(claude))).toEqual({
      ...JSON.parse(configs[claude] ?? ''),
      preferences: { menuBarEnabled: false, quickEntry: 1 },
    });
    expect(jsonc(await place.text(vscode))).toEqual(jsonc(configs[vscode] ?? ''));
    expect(await place.text(vscode)).toContain('/* files, as IT wants them */');
    expect(parseToml(await place.text(codex))).toEqual({
      ...parseToml(configs[codex] ?? ''),
      tui: { notifications: false, theme: 'dark' },
    });
    for (const comment of ['# my settings', '"-y", # yes', '# the tracker', '# from the portal', '# quiet'])
      expect(await place.text(codex)).toContain(comment);
  });

  test('keeps what the file of a host needs that this version does not know, and says so', async () => {
    proves('host-config.unknown-host', {
      file: 'bridge/host/restore.ts',
      find: 'spec === undefined ? unknownHost(record, home)',
      replace: "spec === undefined ? { ...unknownHost(record, home), result: 'gone' as const }",
    });
    await writeAll(place);
    await converge(place.request);
    const older = await restore({ ...place.request, hosts: place.request.hosts.filter(({ id }) => id !== 'codex') });
    expect(older.files.map(({ host, result }) => [host, result])).toContainEqual(['codex', 'refused']);
    expect(results(await restore(place.request))).toEqual(['exact']);
    for (const path of paths) expect(await place.text(path)).toBe(configs[path]);
  });

  test('gives a file back that grew larger than what is converged', async () => {
    proves('host-config.grown-restore', {
      file: 'bridge/host/restore.ts',
      find: 'const file = await readConfig(record.path, record.folder ?? home, restoreLimitBytes);',
      replace: 'const file = await readConfig(record.path, record.folder ?? home);',
    });
    await place.write(claude, configs[claude] ?? '');
    await converge(place.request);
    const grown = { ...JSON.parse(await place.text(claude)), history: 'x'.repeat(9 * 1024 * 1024) };
    await place.write(claude, JSON.stringify(grown));
    expect(results(await restore(place.request))).toEqual(['merged']);
    expect(JSON.parse(await place.text(claude))).toEqual({ ...JSON.parse(configs[claude] ?? ''), history: grown.history });
  });

  test('leaves what a user made of an entry, and what a user removed', async () => {
    await writeAll(place);
    await converge(place.request);
    const edited = JSON.parse(await place.text(claude));
    edited.mcpServers.filesystem = { command: 'mine' };
    delete edited.mcpServers.tracker;
    edited.mcpServers.calendar = { url: 'https://other.example/mcp' };
    await place.write(claude, JSON.stringify(edited));
    await restore(place.request);
    expect(JSON.parse(await place.text(claude)).mcpServers).toEqual({
      filesystem: { command: 'mine' },
      calendar: { url: 'https://other.example/mcp' },
    });
  });

  test('leaves a file that is no longer readable, keeps what it needs, and gives it back later', async () => {
    await writeAll(place);
    await converge(place.request);
    const converged = await place.text(claude);
    await place.write(claude, `${converged}}`);
    const report = await restore(place.request);
    expect(results(report)).toEqual(['refused', 'exact', 'exact']);
    expect(report.findings).toMatchObject([{ code: 'unparseable', detail: expect.stringMatching(/^line \d+, column \d+: /) }]);
    expect(await place.text(claude)).toBe(`${converged}}`);
    await place.write(claude, converged);
    expect(results(await restore(place.request))).toEqual(['exact']);
    expect(await place.text(claude)).toBe(configs[claude]);
  });

  test('says that a file is gone, and gives it back when its converged form reappears', async () => {
    await place.write(claude, configs[claude] ?? '');
    await converge(place.request);
    const converged = await place.text(claude);
    await rm(join(place.home, claude));
    expect(results(await restore(place.request))).toEqual(['gone']);
    await place.write(claude, converged);
    expect(results(await restore(place.request))).toEqual(['exact']);
  });

  test('twice is the same as once, and leaves nothing behind', async () => {
    await writeAll(place);
    await converge(place.request);
    await restore(place.request);
    expect(results(await restore(place.request))).toEqual([]);
    expect(await readdir(join(place.stateDir, 'host', 'backup'))).toEqual([]);
    for (const path of paths) expect(await place.text(path)).toBe(configs[path]);
  });

  test('may be asked for one host only', async () => {
    await writeAll(place);
    await converge(place.request);
    await restore({ ...place.request, only: ['codex'] });
    expect(await place.text(codex)).toBe(configs[codex]);
    expect(await place.text(claude)).not.toBe(configs[claude]);
    expect((await localServers(place.request)).flatMap((source) => source.hosts)).not.toContain('codex');
  });

  test('gives back a file without secrets where the key is lost, and refuses the others untouched', async () => {
    proves('host-config.keyless-restore', {
      file: 'bridge/host/sealed-text.ts',
      find: 'return secrets.length === 0 ? { plain } : { plain, sealed',
      replace: 'return { plain, sealed',
    });
    const open = '{"mcpServers": {"fs": {"command": "npx", "args": ["-y", "a-server"]}}}';
    await writeAll(place);
    await place.write(claude, open);
    await converge(place.request);
    const converged = await place.text(vscode);
    const report = await restore(requestFor(place.home, await sealerWith()));
    expect(results(report)).toEqual(['exact', 'refused', 'refused']);
    expect(await place.text(claude)).toBe(open);
    expect(await place.text(vscode)).toBe(converged);
    expect(results(await restore(place.request))).toEqual(['exact', 'exact']);
    expect(await place.text(vscode)).toBe(configs[vscode]);
  });

  test('goes by the entries where a backup is damaged', async () => {
    await place.write(codex, configs[codex] ?? '');
    await converge(place.request);
    const folder = join(place.stateDir, 'host', 'backup');
    for (const name of await readdir(folder)) await writeFile(join(folder, name), 'garbage');
    expect(results(await restore(place.request))).toEqual(['merged']);
    expect(parseToml(await place.text(codex))).toEqual(parseToml(configs[codex] ?? ''));
  });

  test('never writes over what somebody wrote meanwhile', async () => {
    await place.write(claude, configs[claude] ?? '');
    await converge(place.request);
    const edited = (await place.text(claude)).replace('Alt+Space', 'Ctrl+K');
    let isFirst = true;
    const report = await restore({
      ...place.request,
      onProgress: ({ step }) => {
        if (step !== 'temp_written' || !isFirst) return;
        isFirst = false;
        writeFileSync(join(place.home, claude), edited);
      },
    });
    expect(results(report)).toEqual(['merged']);
    expect(JSON.parse(await place.text(claude))).toEqual({ ...JSON.parse(configs[claude] ?? ''), globalShortcut: 'Ctrl+K' });
  });
});

test('a file that can not be written keeps no other one from being given back, and is tried again', async () => {
  proves('host-config.restore-others', {
    file: 'bridge/host/restore.ts',
    find: 'if (request.signal?.aborted) throw error;',
    replace: 'throw error;',
  });
  await writeAll(place);
  await converge(place.request);
  const written = await place.text(claude);
  const report = await restore({
    ...place.request,
    onProgress: ({ step, host }) => {
      // its folder is away when it is to be written
      if (step === 'planned' && host === 'claude-desktop') rmSync(join(place.home, dirname(claude)), { recursive: true });
    },
  });
  expect(results(report)).toEqual(['refused', 'exact', 'exact']);
  expect(report.findings).toMatchObject([{ code: 'edit_refused', detail: 'it could not be written (ENOENT)' }]);
  for (const path of [vscode, codex]) expect(await place.text(path)).toBe(configs[path]);
  await place.write(claude, written);
  expect(results(await restore(place.request))).toEqual(['exact']);
  expect(await place.text(claude)).toBe(configs[claude]);
});

describe('the state directory', () => {
  test('holds no secret in clear: not of a map, an argument, a URL or a comment', async () => {
    proves('host-config.sealed-secrets', {
      file: 'bridge/host/secret.ts',
      find: 'return alsoAt(text, spans, values);',
      replace: 'return merged(spans);',
    });
    await writeAll(place);
    await converge(place.request);
    const state = await place.state();
    expect(state.includes('tracker-mcp')).toBe(true);
    expect(state.includes('planted')).toBe(false);
    expect((await localServers(place.request)).some((source) => source.line.env['TRACKER_TOKEN'] === plantedSecret)).toBe(true);
  });
});
