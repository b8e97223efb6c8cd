// Whose profile counts, with real files, owners and modes.
import { chmod, chown, link, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readProfile } from '../../../bridge/profile/read.ts';
import type { ProfileReading } from '../../../bridge/profile/read.ts';
import { watchProfile } from '../../../bridge/profile/watch.ts';
import { proves } from '../../requirement.ts';

const uid = process.getuid?.() ?? -1;
const isRoot = uid === 0;
const nobody = 65534;
let dir = '';
let system = '';
let named = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-profile-'));
  await mkdir(join(dir, 'etc'), { mode: 0o755 });
  system = join(dir, 'etc', 'profile.json');
  named = join(dir, 'mine.json');
});
afterEach(async () => rm(dir, { recursive: true, force: true }));

const write = async (file: string, values: unknown, mode = 0o644): Promise<void> => {
  await writeFile(file, typeof values === 'string' ? values : JSON.stringify(values));
  await chmod(file, mode);
};
const read = (options: { file?: string; uid?: number } = {}, before?: ProfileReading): Promise<ProfileReading> =>
  readProfile({ platform: 'linux', uid, systemFile: system, ...options }, before);
const codes = ({ findings }: ProfileReading): string[] => findings.map(({ code }) => code);
const gateway = { GatewayURL: 'https://mcp.example.org' };

test('without any file the defaults are in force and nothing is wrong', async () => {
  const reading = await read();
  expect(reading.profile.EnforcementMode).toBe('observe');
  expect(reading.profile.GatewayURL).toBeUndefined();
  expect(reading.findings).toEqual([]);
  expect(reading.file).toBeUndefined();
});

describe.runIf(isRoot)("IT's profile (as root: owners are changed)", () => {
  test('is in force where it is a regular file that only root can write, and each value says where it came from', async () => {
    await write(system, { ...gateway, EnforcementMode: 'enforce' });
    const reading = await read();
    expect(reading.profile.GatewayURL).toBe('https://mcp.example.org');
    expect(reading.origins.get('GatewayURL')).toBe('file');
    expect(reading.origins.get('ScanIntervalMinutes')).toBe('default');
    expect(reading).toMatchObject({ file: system, findings: [] });
    expect(reading.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each([
    ['belongs to another user', async () => chown(system, nobody, nobody)],
    ['can be written by its group', async () => chmod(system, 0o664)],
    ['can be written by everybody', async () => chmod(system, 0o646)],
    ['lies in a directory that others can change', async () => chmod(join(dir, 'etc'), 0o777)],
    ['lies in a directory of another user', async () => chown(join(dir, 'etc'), nobody, nobody)],
    [
      'is a symbolic link',
      async () => (await rename(system, join(dir, 'real.json')), await symlink(join(dir, 'real.json'), system)),
    ],
    ['is a directory', async () => (await rm(system), await mkdir(system))],
    ['is a pipe', async () => (await rm(system), execFileSync('mkfifo', [system]))],
  ])('is ignored, and that is a finding, where it %s', async (_, spoil) => {
    proves('profile.root-owned', {
      file: 'bridge/profile/trust.ts',
      find: "return (stat.mode & groupOrWorldWrite) !== 0 ? 'its group or everybody can write it' : undefined;",
      replace: 'return undefined;',
    });
    await write(system, gateway);
    await spoil();
    const reading = await read();
    expect(reading.profile.GatewayURL).toBeUndefined();
    expect(codes(reading)).toEqual(['profile_ignored']);
  });

  test('that no longer counts leaves its last good values, as long as the agent runs', async () => {
    proves('profile.slip-closed', {
      file: 'bridge/profile/read.ts',
      find: "return trust === 'system' ? layerBefore(before, file) : undefined;",
      replace: 'return undefined;',
    });
    await write(system, { ...gateway, EnforcementMode: 'enforce', DeniedLocalServerCommands: [['npx']] });
    await write(named, { EnforcementMode: 'observe' }, 0o600);
    const before = await read({ file: named });
    await chmod(system, 0o666);
    const reading = await read({ file: named }, before);
    expect(reading.profile).toMatchObject({ EnforcementMode: 'enforce', DeniedLocalServerCommands: [['npx']] });
    expect(codes(reading)).toEqual(['profile_ignored', 'profile_ignored']);
    await rm(system);
    expect((await read({ file: named }, reading)).profile.EnforcementMode).toBe('observe');
  });

  test('leaves --profile without effect, and says so', async () => {
    proves('profile.system-wins', {
      file: 'bridge/profile/read.ts',
      find: 'if (!system) {',
      replace: 'if (true) {',
    });
    await write(system, gateway);
    await write(named, { GatewayURL: 'https://elsewhere.example.org', LocalServers: { evil: { command: 'sh' } } }, 0o600);
    const reading = await read({ file: named });
    expect(reading.profile.GatewayURL).toBe('https://mcp.example.org');
    expect(reading.profile.LocalServers).toEqual({});
    expect(reading.findings).toMatchObject([{ code: 'profile_ignored', path: named }]);
  });

  test('is still in force when it is no longer JSON: the last good values stand, and --profile does not step into its place', async () => {
    await write(system, { ...gateway, EnforcementMode: 'enforce' });
    const before = await read({ file: named });
    await write(system, '{ "GatewayURL": ');
    await write(named, { EnforcementMode: 'observe' }, 0o600);
    const reading = await read({ file: named }, before);
    expect(reading.profile).toMatchObject({ ...gateway, EnforcementMode: 'enforce' });
    expect(codes(reading)).toEqual(['profile_invalid', 'profile_ignored']);
  });
});

describe('a setting that the file says twice', () => {
  const twice = '{ "GatewayURL": "https://mcp.example.org", "EnforcementMode": "enforce", "EnforcementMode": "observe" }';

  test('is not valid, whatever comes last: the strictest is taken, the finding names it, and the others stay', async () => {
    proves('profile.twice', {
      file: 'contract/profile-values.ts',
      find: 'if (said) return { problem: saidTwice(said) };',
      replace: '',
    });
    await write(named, twice, 0o600);
    const reading = await read({ file: named });
    expect(reading.profile).toMatchObject({ ...gateway, EnforcementMode: 'enforce' });
    expect(reading.findings).toMatchObject([
      { code: 'profile_invalid', setting: 'EnforcementMode', detail: 'the key "EnforcementMode" stands there twice' },
    ]);
  });

  test('keeps its last good value', async () => {
    await write(named, { EnforcementMode: 'observe' }, 0o600);
    const before = await read({ file: named });
    await write(named, twice.replace('"observe"', '"enforce"'), 0o600);
    expect((await read({ file: named }, before)).profile.EnforcementMode).toBe('observe');
  });

  test('counts also inside, and inside JSON text: which command was meant nobody knows, so none runs', async () => {
    const servers = '{"memory":{"command":"good","command":"other\\u001b[2J"}}';
    for (const value of [servers, JSON.stringify(servers)]) {
      await write(named, `{ "LocalServers": ${value} }`, 0o600);
      const reading = await read({ file: named });
      expect(reading.profile.LocalServers).toEqual({});
      expect(reading.findings).toMatchObject([
        { code: 'profile_invalid', setting: 'LocalServers', detail: 'the key "LocalServers.memory.command" stands there twice' },
      ]);
    }
    await write(named, '{ "DeniedLocalServerCommands": [], "DeniedLocalServerCommands": [] }', 0o600);
    expect([...(await read({ file: named })).broken]).toEqual(['DeniedLocalServerCommands']);
  });
});

describe('a profile named by --profile', () => {
  test('is in force where it is mine and not writable by everybody', async () => {
    await write(named, gateway, 0o600);
    const reading = await read({ file: named });
    expect(reading.profile.GatewayURL).toBe('https://mcp.example.org');
    expect(reading.origins.get('GatewayURL')).toBe('user');
  });

  test.runIf(isRoot)('is ignored where it belongs to a third user', async () => {
    await write(named, gateway);
    await chown(named, nobody, nobody);
    expect(codes(await read({ file: named, uid: 1234 }))).toEqual(['profile_ignored']);
    expect(codes(await read({ file: named, uid: nobody }))).toEqual([]);
  });

  test.each([0o602, 0o660])('is ignored where others can write it: %o', async (mode) => {
    proves('profile.named-owned', {
      file: 'bridge/profile/trust.ts',
      find: 'stat.mode & groupOrWorldWrite',
      replace: "trust === 'named' ? 0 : stat.mode & groupOrWorldWrite",
    });
    await write(named, gateway, mode);
    const reading = await read({ file: named });
    expect(reading.profile.GatewayURL).toBeUndefined();
    expect(codes(reading)).toEqual(['profile_ignored']);
  });

  test('that is not there is a finding', async () => {
    expect(codes(await read({ file: named }))).toEqual(['profile_ignored']);
  });
});

test('a value that is not valid leaves the last good one in force', async () => {
  proves('profile.last-good', {
    file: 'contract/profile-values.ts',
    find: 'lastGood[name.data] ?? settingOf(name.data).whenInvalid',
    replace: 'settingOf(name.data).whenInvalid',
  });
  await write(named, { ...gateway, ScanIntervalMinutes: 7 }, 0o600);
  const before = await read({ file: named });
  await write(named, { ...gateway, ScanIntervalMinutes: 'soon' }, 0o600);
  const reading = await read({ file: named }, before);
  expect(reading.profile.ScanIntervalMinutes).toBe(7);
  expect(reading.findings).toMatchObject([{ code: 'profile_invalid', setting: 'ScanIntervalMinutes' }]);
});

test('a changed profile is in force at once, also where it is replaced by rename', async () => {
  proves('profile.watched', {
    file: 'bridge/profile/watch.ts',
    find: 'if (name === null || names.has(name)) this.#soon();',
    replace: '',
  });
  await write(named, gateway, 0o600);
  const changes: string[] = [];
  const seen = Promise.withResolvers<void>();
  const profile = await watchProfile(
    { platform: 'linux', uid, file: named, systemFile: system },
    ({ profile: { GatewayURL } }) => {
      changes.push(String(GatewayURL));
      if (GatewayURL === 'https://other.example.org') seen.resolve();
    },
    pino({ level: 'silent' }),
  );
  try {
    const next = join(dir, 'next.json');
    await write(next, { GatewayURL: 'https://other.example.org' }, 0o600);
    await rename(next, named);
    await seen.promise;
    expect(profile.current.profile.GatewayURL).toBe('https://other.example.org');
    await link(named, join(dir, 'unrelated.json'));
    expect(changes).toEqual(['https://other.example.org']);
  } finally {
    profile.close();
  }
});
