// Whole cycles of converge on realistic configs: what moves, what stays, what is reported, and that a second time changes nothing.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { parse as parseJsonc } from 'jsonc-parser';
import { parse as parseToml } from 'smol-toml';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Slug } from '#contract/id.ts';
import { converge } from '../../../bridge/host/converge.ts';
import { localServers } from '../../../bridge/host/local.ts';
import { plan } from '../../../bridge/host/plan.ts';
import { restore } from '../../../bridge/host/restore.ts';
import { proves } from '../../requirement.ts';
import type { Place } from './fixture.ts';
import {
  asWindows,
  claude,
  codes,
  codex,
  configs,
  fileOf,
  makePlace,
  paths,
  plantedSecret,
  shimArgs,
  vscode,
  writeAll,
} from './fixture.ts';

let place: Place;
beforeEach(async () => {
  place = await makePlace();
});
afterEach(async () => {
  await place.close();
});

describe('converge', () => {
  test('leaves no program and no direct URL of the user in any config, and comments and other settings still stand', async () => {
    proves('host-config.only-shims', {
      file: 'bridge/host/look.ts',
      find: "action: written.kind === 'gathered' ? 'gather' : 'rehome',",
      replace: '',
    });
    await writeAll(place);
    const report = await converge(place.request);
    expect(report.files.filter((file) => file.isWritten).map((file) => file.shownAs)).toEqual(paths.map((path) => `~/${path}`));

    expect(JSON.parse(await place.text(claude))).toEqual({
      globalShortcut: 'Alt+Space',
      mcpServers: {
        filesystem: { command: '/opt/drawbridge/drawbridge', args: shimArgs('claude-desktop', 'filesystem') },
        tracker: { command: '/opt/drawbridge/drawbridge', args: shimArgs('claude-desktop', 'tracker'), disabled: true },
      },
      preferences: { menuBarEnabled: true },
    });
    const code = await place.text(vscode);
    expect(parseJsonc(code, [], { allowTrailingComma: true })).toMatchObject({
      servers: {
        filesystem: { type: 'stdio', command: '/opt/drawbridge/drawbridge', args: shimArgs('vscode', 'filesystem') },
        'My Tracker': { command: '/opt/drawbridge/drawbridge', args: shimArgs('vscode', 'my-tracker') },
        asks: { command: 'npx', args: ['-y', 'asks'] },
      },
      inputs: [{ id: 'key' }],
    });
    for (const comment of ['// servers of this profile', '/* files */', '// installed by IT']) expect(code).toContain(comment);
    const toml = await place.text(codex);
    expect(parseToml(toml)).toMatchObject({
      model: 'gpt-5',
      mcp_servers: {
        filesystem: { command: '/opt/drawbridge/drawbridge', args: shimArgs('codex', 'filesystem'), startup_timeout_sec: 20 },
        'My Tracker': { command: '/opt/drawbridge/drawbridge', args: shimArgs('codex', 'my-tracker'), enabled: false },
      },
      tui: { notifications: true },
    });
    for (const comment of ['# my settings', '# keep', '# the tracker']) expect(toml).toContain(comment);
    for (const text of [await place.text(claude), toml]) expect(text).not.toMatch(/https:\/\/(web|calendar)\.|npx|uvx/);
  });

  test('says of each file what was wrong, what moved and what is true now', async () => {
    await writeAll(place);
    const report = await converge(place.request);
    const { state, moves, findings, diff } = fileOf(report, 'vscode');
    expect(state).toBe('drifted');
    expect(moves).toEqual([
      { name: 'filesystem', action: 'rehome', server: 'filesystem' },
      { name: 'My Tracker', action: 'rehome', server: 'my-tracker' },
      { name: 'web', action: 'take_out' },
    ]);
    expect(codes(findings)).toEqual(['direct_remote web', 'needs_input asks']);
    expect(diff).toContain('+\t\t\t"command": "/opt/drawbridge/drawbridge",');
    expect(fileOf(report, 'codex')).toMatchObject({ state: 'compliant' });
    expect(codes(fileOf(report, 'claude-desktop').findings)).toEqual(['direct_remote calendar']);
  });

  test('leaves an entry alone that asks its host for a value, and says so', async () => {
    proves('host-config.needs-input', {
      file: 'bridge/host/variable.ts',
      find: 'return [...new Set([...kept, ...names.filter((name) => !homeNames.has(name))])];',
      replace: 'return [];',
    });
    for (const value of ['${input:key}', '${env:KEY}', '${workspaceFolder}'])
      for (const entry of [
        { command: value },
        { command: 'x', args: [value] },
        { command: 'x', env: { A: value } },
        { command: 'x', envFile: value },
      ]) {
        const text = JSON.stringify({ servers: { asks: entry } });
        await place.write(vscode, text);
        const report = await converge(place.request);
        expect(codes(report.findings)).toEqual(['needs_input asks']);
        expect(await place.text(vscode)).toBe(text);
      }
  });

  test('writes nothing the second time', async () => {
    proves('host-config.idempotent', {
      file: 'bridge/host/converge.ts',
      find: 'if (change.after === change.file.text) {',
      replace: "if (change.after === '') {",
    });
    await writeAll(place);
    await converge(place.request);
    const before = [await place.state(), ...(await Promise.all(paths.map((path) => stat(join(place.home, path)))))].map(String);
    const inodes = await Promise.all(paths.map(async (path) => (await stat(join(place.home, path))).ino));
    const steps = new Set<string>();
    const report = await converge({ ...place.request, onProgress: ({ step }) => void steps.add(step) });
    expect(steps).toEqual(new Set(['planned', 'done']));
    expect(report.files.map((file) => file.isWritten)).not.toContain(true);
    expect(await Promise.all(paths.map(async (path) => (await stat(join(place.home, path))).ino))).toEqual(inodes);
    expect([await place.state(), ...(await Promise.all(paths.map((path) => stat(join(place.home, path)))))].map(String)).toEqual(
      before,
    );
  });

  test.each([
    ['as written on Linux', (text: string) => text],
    ['with a byte order mark and CRLF', asWindows],
    ['without a line break at the end', (text: string) => text.trimEnd()],
  ])('and restore give back the same bytes and mode: %s', async (_what, change) => {
    proves('host-config.byte-exact-restore', {
      file: 'bridge/host/file.ts',
      find: "const text = bytes.toString('utf8');",
      replace: "const text = bytes.toString('utf8').replace(/^\\ufeff/, '').trimEnd();",
    });
    for (const path of paths) await place.write(path, change(configs[path] ?? ''), 0o640);
    const before = await Promise.all(paths.map(place.sha256));
    await converge(place.request);
    const between = await Promise.all(paths.map(place.text));
    for (const [index, text] of between.entries()) {
      expect(text.startsWith('\ufeff')).toBe(change('x\n').startsWith('\ufeff'));
      expect(/[^\r]\n/.test(text)).toBe(/[^\r]\n/.test(change(configs[paths[index] ?? ''] ?? '')));
    }
    expect((await stat(join(place.home, codex))).mode & 0o777).toBe(0o640);
    const report = await restore(place.request);
    expect(report.files.map((file) => file.result)).toEqual(['exact', 'exact', 'exact']);
    expect(await Promise.all(paths.map(place.sha256))).toEqual(before);
    expect((await stat(join(place.home, codex))).mode & 0o777).toBe(0o640);
    expect(await localServers(place.request)).toEqual([]);
  });

  test('handles the files of the managed hosts only', async () => {
    await writeAll(place);
    const report = await converge({ ...place.request, managedHosts: ['codex'] });
    expect([...new Set(report.files.map((file) => file.host))]).toEqual(['codex']);
    expect(await place.text(claude)).toBe(configs[claude]);
  });

  test('sets an entry of ours right that was changed, and reports it', async () => {
    proves('host-config.tamper', {
      file: 'bridge/host/look.ts',
      find: 'findings: isFine ? [] : [tampered]',
      replace: 'findings: []',
    });
    await writeAll(place);
    await converge(place.request);
    const converged = await place.text(claude);
    for (const [find, replace] of [
      ['https://mcp.example.org/g/eng/s/filesystem', 'https://mcp.example.org.evil.example/g/eng/s/filesystem'],
      ['"command": "/opt/drawbridge/drawbridge"', '"command": "/tmp/drawbridge"'],
      ['"args": ["connect"', '"env": { "HTTPS_PROXY": "http://127.0.0.1:1" }, "args": ["connect"'],
    ] as const) {
      await place.write(claude, converged.replace(find, replace));
      const file = fileOf(await converge(place.request), 'claude-desktop');
      expect(codes(file.findings)).toEqual(['gateway_entry_tamper filesystem']);
      expect(file.moves).toEqual([{ name: 'filesystem', action: 'repair', server: 'filesystem' }]);
      expect(JSON.parse(await place.text(claude))).toEqual(JSON.parse(converged));
    }
    expect((await localServers(place.request)).map((source) => source.line.command)).not.toContain('/tmp/drawbridge');
  });

  test('changes its own entries without alarm when the gateway or the launcher is another', async () => {
    await writeAll(place);
    await converge(place.request);
    const report = await converge({ ...place.request, gateway: Slug.parse('ops'), launcher: '/usr/bin/drawbridge' });
    expect(codes(fileOf(report, 'claude-desktop').findings)).toEqual([]);
    expect(await place.text(claude)).toContain('https://mcp.example.org/g/ops/s/filesystem/mcp');
    await restore(place.request);
    expect(await place.text(claude)).toBe(configs[claude]);
  });

  test('leaves a URL of the gateway and what is no server at all', async () => {
    const text = JSON.stringify({
      servers: { a: { type: 'http', url: 'https://mcp.example.org/g/eng/mcp' }, b: 5, c: {}, d: { command: {} } },
    });
    await place.write(vscode, text);
    const report = await converge(place.request);
    expect(report.findings).toEqual([]);
    expect(await place.text(vscode)).toBe(text);
    await place.write(vscode, JSON.stringify({ servers: { a: { url: 'https://mcp.example.org@evil.example/mcp' } } }));
    expect(codes((await converge(place.request)).findings)).toEqual(['direct_remote a']);
  });

  test('takes a program of the user for what it is, even where it is called like ours', async () => {
    await place.write(claude, JSON.stringify({ mcpServers: { db: { command: 'dbcli', args: ['connect', '--host', 'db'] } } }));
    await converge(place.request);
    expect((await localServers(place.request)).map((source) => source.line.args)).toEqual([['connect', '--host', 'db']]);
  });
});

test.each([
  ['gemini-cli', '.gemini/settings.json', '/home/a$H/bin/drawbridge', '"$H"'],
  ['gemini-cli', '.gemini/settings.json', '/home/$HOME/bin/drawbridge', '"$HOME"'],
  ['claude-code', '.claude.json', '/home/${A:-b}/bin/drawbridge', '"${A:-b}"'],
  ['opencode', '.config/opencode/opencode.json', '/home/{env:A}/bin/drawbridge', '"{env:A}"'],
])('what %s would fill in by itself is never written to %s, and said', async (host, path, launcher, said) => {
  proves('host-config.read-as-meant', {
    file: 'bridge/host/draft.ts',
    find: 'wanted.filter((one) => !misread.includes(one))',
    replace: 'wanted',
  });
  const entry = host === 'opencode' ? { type: 'local', command: ['npx', 'files'] } : { command: 'npx', args: ['files'] };
  const text = JSON.stringify({ [host === 'opencode' ? 'mcp' : 'mcpServers']: { files: entry } });
  await place.write(path, text);
  const report = await converge({ ...place.request, launcher });
  expect(await place.text(path)).toBe(text);
  expect(fileOf(report, host)).toMatchObject({ state: 'drifted', moves: [] });
  const refused = report.findings.find(({ code }) => code === 'edit_refused');
  expect(refused).toMatchObject({ host, server: { name: 'files' }, detail: expect.stringContaining(said) });
  // hosts that fill in nothing of that kind start it all the same
  await place.write(codex, configs[codex] ?? '');
  await converge({ ...place.request, launcher });
  expect(await place.text(codex)).toContain(launcher);
});

describe('while others write too, converge', () => {
  const rewrite = (change: (text: string) => string, times: number) => {
    let left = times;
    return {
      onProgress: ({ step, shownAs }: { step: string; shownAs: string }) => {
        if (step !== 'temp_written' || !shownAs.includes('claude') || left-- <= 0) return;
        writeFileSync(join(place.home, claude), change(configs[claude] ?? ''));
      },
    };
  };

  test('plans again from what is there, so that no edit of another is lost', async () => {
    proves('host-config.compare-and-swap', {
      file: 'bridge/host/converge.ts',
      find: "return 'text' in there && there.realPath === file.realPath && there.sha256 === file.sha256;",
      replace: "return 'text' in there;",
    });
    await place.write(claude, configs[claude] ?? '');
    const report = await converge({ ...place.request, ...rewrite((text) => text.replace('Alt+Space', 'Ctrl+K'), 1) });
    expect(fileOf(report, 'claude-desktop')).toMatchObject({ isWritten: true, state: 'compliant' });
    expect(JSON.parse(await place.text(claude))).toMatchObject({
      globalShortcut: 'Ctrl+K',
      mcpServers: { filesystem: { args: { 0: 'connect' } } },
    });
    await restore(place.request);
    expect(await place.text(claude)).toBe(configs[claude]?.replace('Alt+Space', 'Ctrl+K'));
  });

  test('gives up after four tries, says so, and claims nothing', async () => {
    await place.write(claude, configs[claude] ?? '');
    let count = 0;
    const report = await converge({ ...place.request, ...rewrite((text) => text.replace('Alt+Space', `Alt+${count++}`), 99) });
    expect(fileOf(report, 'claude-desktop')).toMatchObject({ isWritten: false, state: 'drifted', againInMs: 1_000 });
    expect(codes(report.findings)).toContain('rewrite_contended');
    expect(count).toBe(4);
    expect(await place.text(claude)).toContain('Alt+3');
    expect(await localServers(place.request)).toEqual([]);
    expect((await restore(place.request)).files).toEqual([]);
  });

  test('takes over what a user added since, and forgets what a user removed', async () => {
    await place.write(claude, configs[claude] ?? '');
    await converge(place.request);
    const edited = JSON.parse(await place.text(claude));
    delete edited.mcpServers.tracker;
    edited.mcpServers.added = { command: 'deno', args: ['run'] };
    await place.write(claude, JSON.stringify(edited, null, 2));
    await converge(place.request);
    expect((await localServers(place.request)).map((source) => source.server).toSorted()).toEqual(['added', 'filesystem']);
    await restore(place.request);
    expect(JSON.parse(await place.text(claude))).toMatchObject({
      mcpServers: {
        filesystem: { command: 'npx' },
        added: { command: 'deno', args: ['run'] },
        calendar: { url: 'https://calendar.example.com/mcp' },
      },
    });
    expect(await place.text(claude)).not.toContain('tracker');
  });

  test('forgets a removed server also where nothing else is to be done', async () => {
    await place.write(claude, configs[claude] ?? '');
    await converge(place.request);
    const edited = JSON.parse(await place.text(claude));
    delete edited.mcpServers.tracker;
    await place.write(claude, JSON.stringify(edited));
    expect(fileOf(await converge(place.request), 'claude-desktop').isWritten).toBe(false);
    expect((await localServers(place.request)).map((source) => source.server)).toEqual(['filesystem']);
  });
});

describe('plan', () => {
  test('says what converge would do and writes nothing anywhere', async () => {
    proves('host-config.observe', {
      file: 'bridge/host/plan.ts',
      find: 'files.push(planOf(draft));',
      replace:
        "files.push(planOf(draft)); await import('node:fs/promises').then((fs) => fs.mkdir(request.stateDir, { recursive: true }));",
    });
    await writeAll(place);
    const planned = await plan(place.request);
    for (const path of paths) expect(await place.text(path)).toBe(configs[path]);
    await expect(stat(place.stateDir)).rejects.toThrow('ENOENT');
    expect(codes(fileOf(planned, 'claude-desktop').findings)).toEqual([
      'direct_stdio filesystem',
      'direct_stdio tracker',
      'direct_remote calendar',
    ]);
    const done = await converge(place.request);
    expect(planned.files.map((file) => [file.moves, file.diff])).toEqual(done.files.map((file) => [file.moves, file.diff]));
  });

  test('shows no secret in a diff or a finding', async () => {
    proves('host-config.masked-diff', {
      file: 'bridge/host/sealed-text.ts',
      find: 'out += `${text.slice(at, start)}${quote}[secret]${quote}`;',
      replace: 'out += text.slice(at, end);',
    });
    await writeAll(place);
    const report = JSON.stringify(await plan(place.request)) + JSON.stringify(await converge(place.request));
    const back = JSON.stringify(await restore(place.request));
    expect([report, back].map((text) => [text.includes(plantedSecret), text.includes('[secret]')])).toEqual([
      [false, true],
      [false, true],
    ]);
  });
});

describe('a state directory', () => {
  test('whose ledger is damaged or newer is refused, and no config is touched', async () => {
    await writeAll(place);
    for (const text of ['{', '{"version":2,"slugs":[],"files":[]}', '[]']) {
      await place.write('.local/state/drawbridge/host/ledger.json', text);
      await expect(converge(place.request)).rejects.toMatchObject({ code: 'STATE_DAMAGED' });
      await expect(restore(place.request)).rejects.toMatchObject({ code: 'STATE_DAMAGED' });
      expect(await place.text('.local/state/drawbridge/host/ledger.json')).toBe(text);
    }
    for (const path of paths) expect(await place.text(path)).toBe(configs[path]);
  });

  test('holds files that only the user may read', async () => {
    await writeAll(place);
    await converge(place.request);
    for (const path of ['host', 'host/backup']) expect((await stat(join(place.stateDir, path))).mode & 0o777).toBe(0o700);
    expect((await stat(join(place.stateDir, 'host/ledger.json'))).mode & 0o777).toBe(0o600);
  });

  test('that does not give a backup back stops the change before the config is touched', async () => {
    proves('host-config.backup-verified', {
      file: 'bridge/host/backup.ts',
      find: 'await readBackup(stateDir, name, sha256, sealer);',
      replace: '',
    });
    await place.write(claude, configs[claude] ?? '');
    const { sealer } = place.request;
    const forgetful = { seal: sealer.seal, open: () => '["lost"]' };
    await expect(converge({ ...place.request, sealer: forgetful })).rejects.toMatchObject({ code: 'STATE_DAMAGED' });
    expect(await place.text(claude)).toBe(configs[claude]);
  });

  test('without a usable backup does not stop the next change: a new one is made first', async () => {
    await place.write(claude, configs[claude] ?? '');
    await converge(place.request);
    for (const name of await readdir(join(place.stateDir, 'host', 'backup')))
      await writeFile(join(place.stateDir, 'host', 'backup', name), '{}');
    await converge({ ...place.request, gateway: Slug.parse('ops') });
    await restore(place.request);
    expect(JSON.parse(await place.text(claude))).toEqual(JSON.parse(configs[claude] ?? ''));
  });
});
