// Where the hosts' configs lie on each operating system, and what discover says of them.
import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Platform } from '#contract/host.ts';
import { hosts } from '#contract/host-table.ts';
import { discover } from '../../../bridge/host/plan.ts';
import { isInstalled, placesOf } from '../../../bridge/host/place.ts';
import { proves } from '../../requirement.ts';
import type { Place } from './fixture.ts';
import { claude, codex, configs, makePlace, vscode } from './fixture.ts';

let place: Place;
beforeEach(async () => {
  place = await makePlace();
});
afterEach(async () => {
  await place.close();
});

const places = async (id: string, platform: Platform, env: Record<string, string> = {}): Promise<readonly string[]> => {
  const spec = hosts.find((host) => host.id === id);
  if (spec === undefined) throw new Error(`no host ${id}`);
  const found = await placesOf(spec, { home: place.home, platform, env });
  return found.map((path) => relative(place.home, path));
};

describe('the table of hosts', () => {
  test('names each host once, with files on every platform and a place for its entries', () => {
    expect(new Set(hosts.map((host) => host.id)).size).toBe(hosts.length);
    for (const host of hosts) {
      expect(host.id).toMatch(/^[a-z0-9-]+$/);
      expect(host.keys.length).toBeGreaterThan(0);
      for (const files of Object.values(host.files)) {
        expect(files.length).toBeGreaterThan(0);
        for (const file of files) expect(file).toMatch(/^\$\{[A-Z_]+(?:\|HOME[^}]*)?\}\/[^$\\]+$/);
      }
    }
  });
});

describe('the configs of a host', () => {
  test('lie where its operating system puts them', async () => {
    expect(await places('claude-desktop', 'linux')).toEqual([claude]);
    expect(await places('claude-desktop', 'darwin')).toEqual(['Library/Application Support/Claude/claude_desktop_config.json']);
    expect(await places('vscode', 'darwin')).toContain('Library/Application Support/Code/User/mcp.json');
    expect(await places('vscode', 'win32')).toContain('AppData/Roaming/Code/User/mcp.json');
    expect(await places('codex', 'win32')).toEqual([codex]);
  });

  test('lie elsewhere where the environment says so, by an absolute path only', async () => {
    const other = (name: string): string => join(place.home, name);
    expect(await places('vscode', 'linux', { XDG_CONFIG_HOME: other('cfg') })).toContain('cfg/Code/User/mcp.json');
    expect(await places('codex', 'linux', { CODEX_HOME: other('cx') })).toEqual(['cx/config.toml']);
    expect(await places('codex', 'linux', { CODEX_HOME: 'cx' })).toEqual([codex]);
    expect(await places('claude-desktop', 'win32', { APPDATA: other('R') })).toEqual(['R/Claude/claude_desktop_config.json']);
  });

  test('include every profile and every Store package that is there', async () => {
    proves('host-config.every-place', {
      file: 'bridge/host/place.ts',
      find: "const paths = filled.includes('*') ? await matches(filled, withMissing) : [filled];",
      replace: "const paths = filled.includes('*') ? [] : [filled];",
    });
    const store = (name: string): string => `AppData/Local/Packages/${name}/LocalCache/Roaming/Claude/claude_desktop_config.json`;
    for (const path of [
      '.config/Code/User/profiles/-1a/mcp.json',
      '.config/Code/User/profiles/2b/mcp.json',
      '.config/Code/User/profiles/3c/other.json',
      '.codex/work.config.toml',
      '.codex/notes.toml',
      store('Claude_pzs8sxrjxfjjc'),
      store('Claude_other'),
      store('Other_pzs8sxrjxfjjc'),
    ])
      await place.write(path, '');
    expect((await places('vscode', 'linux')).filter((path) => path.includes('profiles'))).toEqual([
      '.config/Code/User/profiles/-1a/mcp.json',
      '.config/Code/User/profiles/2b/mcp.json',
    ]);
    expect(await places('codex', 'linux')).toEqual([codex, '.codex/work.config.toml']);
    expect((await places('claude-desktop', 'win32')).slice(1)).toEqual([store('Claude_other'), store('Claude_pzs8sxrjxfjjc')]);
  });

  test('tell by their folder whether the host is installed', async () => {
    const [spec] = hosts;
    if (spec === undefined) throw new Error('no hosts');
    const around = { home: place.home, platform: 'linux' as const, env: {} };
    expect(await isInstalled(spec, around)).toBe(false);
    await mkdir(join(place.home, '.config/Claude'), { recursive: true });
    expect(await isInstalled(spec, around)).toBe(true);
  });

  test('tell by signs of its own where the folder is the home, which is always there', async () => {
    const spec = hosts.find(({ id }) => id === 'claude-code');
    if (spec === undefined) throw new Error('no Claude Code');
    const around = { home: place.home, platform: 'linux' as const, env: {} };
    expect(await isInstalled(spec, around)).toBe(false);
    await mkdir(join(place.home, '.claude'));
    expect(await isInstalled(spec, around)).toBe(true);
  });
});

describe('discover', () => {
  test('says what stands in each config, and knows our entries when told of the gateway', async () => {
    await place.write(claude, configs[claude] ?? '');
    await place.write(vscode, '{ "servers": { "web": { "url": "https://mcp.example.org/g/eng/mcp" }, "odd": 1 } }');
    await place.write(codex, 'broken = ');
    const states = await discover(place.request);
    const files = states.flatMap((state) => state.files).filter((file) => file.state !== 'missing');
    expect(files.map(({ host, state, servers }) => [host, state, servers.map(({ name, kind }) => `${name} ${kind}`)])).toEqual([
      ['claude-desktop', 'drifted', ['filesystem stdio', 'tracker stdio', 'calendar remote']],
      ['vscode', 'drifted', ['web remote', 'odd other']],
      ['codex', 'unparseable', []],
    ]);
    const known = await discover({ ...place.request, ours: place.request });
    expect(known.find((state) => state.id === 'vscode')?.files[0]?.state).toBe('compliant');
    expect(known.map(({ id, isInstalled: is, reload }) => [id, is, reload])).toEqual([
      ['claude-desktop', true, 'host_restart'],
      ['vscode', true, 'server_restart'],
      ['codex', true, 'new_session'],
      ['claude-code', false, 'new_session'],
      ['cursor', false, 'live'],
      ['gemini-cli', false, 'new_session'],
      ['opencode', false, 'new_session'],
      ['goose', false, 'new_session'],
    ]);
  });
});
