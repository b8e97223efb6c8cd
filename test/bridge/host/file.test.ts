// Config files that are not what they should be: each is left alone, byte for byte, and reported.
import { execFileSync } from 'node:child_process';
import { chown, mkdir, mkdtemp, readFile, readlink, realpath, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { converge } from '../../../bridge/host/converge.ts';
import { restore } from '../../../bridge/host/restore.ts';
import { proves } from '../../requirement.ts';
import type { Place } from './fixture.ts';
import { asWindows, claude, codex, configs, makePlace, vscode } from './fixture.ts';

let place: Place;
beforeEach(async () => {
  place = await makePlace();
});
afterEach(async () => {
  await place.close();
});

const stateOf = async (host: string): Promise<readonly [string | undefined, readonly string[]]> => {
  const report = await converge({ ...place.request, managedHosts: [host] });
  const file = report.files.find((one) => one.state !== 'missing');
  return [file?.state, report.findings.map((finding) => finding.code)];
};

describe('a config that can not be trusted to be what it should be is left alone:', () => {
  test.each([
    ['JSON with a syntax error', claude, 'claude-desktop', '{"mcpServers": {"a": {"command": "x"}'],
    ['JSON with a comment, which its host refuses', claude, 'claude-desktop', '{"mcpServers": {} // x\n}'],
    ['a server that stands twice', vscode, 'vscode', '{"servers": {"a": {"command": "x"}, "a": {"command": "y"}}}'],
    ['TOML with a syntax error', codex, 'codex', '[mcp_servers.a]\ncommand = "x\n'],
    ['a table that stands twice', codex, 'codex', '[mcp_servers.a]\ncommand = "x"\n[mcp_servers.a]\n'],
    ['text that is not UTF-8', claude, 'claude-desktop', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['UTF-16', claude, 'claude-desktop', Buffer.from('\ufeff{"mcpServers": {}}', 'utf16le')],
  ])('%s', async (_what, path, host, content) => {
    proves('host-config.unparseable', {
      file: 'bridge/host/file.ts',
      find: "if (!Buffer.from(text, 'utf8').equals(bytes))",
      replace: 'if (bytes.length === 1)',
    });
    await place.write(path, content);
    const before = await place.sha256(path);
    expect(await stateOf(host)).toEqual(['unparseable', ['unparseable']]);
    expect(await place.sha256(path)).toBe(before);
    expect((await place.state()).includes('"path"')).toBe(false);
  });

  test('one larger than 8 MiB', async () => {
    await place.write(claude, '{}');
    await truncate(join(place.home, claude), 8 * 1024 * 1024 + 1);
    expect(await stateOf('claude-desktop')).toEqual(['unsupported', ['config_unsupported']]);
  });

  test('a directory', async () => {
    await mkdir(join(place.home, claude), { recursive: true });
    expect(await stateOf('claude-desktop')).toEqual(['unsupported', ['config_unsupported']]);
  });

  test('a named pipe, without waiting for its writer', async () => {
    await mkdir(join(place.home, '.config/Claude'), { recursive: true });
    execFileSync('mkfifo', [join(place.home, claude)]);
    expect(await stateOf('claude-desktop')).toEqual(['unsupported', ['config_unsupported']]);
  });

  test('a symlink, or a folder that is one, to a place outside the home', async () => {
    proves('host-config.inside-home', {
      file: 'bridge/host/file.ts',
      find: 'if (!isInside(realPath, await realpath(home)))',
      replace: "if (realPath === '' || (await realpath(home)) === '')",
    });
    const outside = await realpath(await mkdtemp(join(tmpdir(), 'drawbridge-outside-')));
    try {
      const text = configs[claude] ?? '';
      await writeFile(join(outside, 'claude_desktop_config.json'), text);
      await mkdir(join(place.home, '.config'), { recursive: true });
      await symlink(outside, join(place.home, '.config/Claude'));
      expect(await stateOf('claude-desktop')).toEqual(['unsupported', ['config_unsupported']]);
      await rm(join(place.home, '.config/Claude'));
      await mkdir(join(place.home, '.config/Claude'));
      await symlink(join(outside, 'claude_desktop_config.json'), join(place.home, claude));
      expect(await stateOf('claude-desktop')).toEqual(['unsupported', ['config_unsupported']]);
      expect(await readFile(join(outside, 'claude_desktop_config.json'), 'utf8')).toBe(text);
    } finally {
      await rm(outside, { recursive: true });
    }
  });

  test('a symlink that leads nowhere, or to itself', async () => {
    await mkdir(join(place.home, '.config/Claude'), { recursive: true });
    await symlink('nowhere', join(place.home, claude));
    expect((await converge({ ...place.request, managedHosts: ['claude-desktop'] })).files.map((file) => file.state)).toEqual([
      'missing',
    ]);
    await rm(join(place.home, claude));
    await symlink(join(place.home, claude), join(place.home, claude));
    expect(await stateOf('claude-desktop')).toEqual(['unsupported', ['config_unsupported']]);
  });

  test('one that nobody may write', async () => {
    await place.write(claude, configs[claude] ?? '', 0o444);
    const [state, codes] = await stateOf('claude-desktop');
    expect(state).toBe('readonly');
    expect(codes).toEqual(['direct_stdio', 'direct_stdio', 'direct_remote', 'config_readonly']);
    expect(await place.text(claude)).toBe(configs[claude]);
  });

  test.skipIf(process.getuid?.() !== 0)('one of another user (needs root)', async () => {
    proves('host-config.foreign-owner', {
      file: 'bridge/host/file.ts',
      find: 'if (process.getuid && stat.uid !== process.getuid())',
      replace: 'if (process.getuid && stat.uid < 0)',
    });
    await place.write(claude, configs[claude] ?? '');
    await chown(join(place.home, claude), 65534, 65534);
    expect(await stateOf('claude-desktop')).toEqual(['foreign_owner', ['foreign_owner']]);
    expect(await place.text(claude)).toBe(configs[claude]);
  });
});

describe('a config that is a symlink inside the home', () => {
  test('stays one: the file it leads to is changed and given back', async () => {
    await place.write('dotfiles/codex.toml', asWindows(configs[codex] ?? ''));
    await mkdir(join(place.home, '.codex'));
    await symlink('../dotfiles/codex.toml', join(place.home, codex));
    const before = await place.sha256(codex);
    expect((await stateOf('codex'))[0]).toBe('compliant');
    expect(await readlink(join(place.home, codex))).toBe('../dotfiles/codex.toml');
    expect(await place.text('dotfiles/codex.toml')).toContain('connect');
    await restore(place.request);
    expect(await readlink(join(place.home, codex))).toBe('../dotfiles/codex.toml');
    expect(await place.sha256(codex)).toBe(before);
  });
});

describe('a config of which only the group may differ', () => {
  test.skipIf(process.getuid?.() !== 0)('keeps its group (needs root)', async () => {
    await place.write(claude, configs[claude] ?? '', 0o640);
    await chown(join(place.home, claude), 0, 12345);
    await converge(place.request);
    const { uid, gid, mode } = await stat(join(place.home, claude));
    expect([uid, gid, mode & 0o777]).toEqual([0, 12345, 0o640]);
  });
});
