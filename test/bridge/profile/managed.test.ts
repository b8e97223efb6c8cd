// What an MDM forces: a property list as macOS keeps it and a registry export as Windows writes it, and how they stand over the other sources.
import { chmod, chown, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseValues } from '../../../contract/profile-values.ts';
import { readPropertyList } from '../../../bridge/profile/property-list.ts';
import { readProfile } from '../../../bridge/profile/read.ts';
import type { ProfileReading } from '../../../bridge/profile/read.ts';
import { readExport } from '../../../bridge/profile/registry.ts';
import { proves } from '../../requirement.ts';
import { propertyList } from './property-list-writer.ts';

/** Written by Python's plistlib, so that reader and writer are not ours both. */
const foreign = Buffer.from(
  'YnBsaXN0MDDeAQIDBAUGBwgJCgsMDQ4PEBESExQfICEkJSYnKFVFbXB0eV8QD0VuZm9yY2VtZW50TW9kZVpHYXRld2F5VVJMVEhhbGZVTGFyZ2VcTG9jYWxTZXJ2ZXJzVExv' +
    'bmdfEBlNYW5hZ2VkQnlPcmdhbml6YXRpb25OYW1lXE1hbmFnZWRIb3N0c1hOZWdhdGl2ZVNPZmZST25bUGF5bG9hZFVVSURfEBNTY2FuSW50ZXJ2YWxNaW51dGVzoFdlbmZv' +
    'cmNlXxAXaHR0cHM6Ly9tY3AuZXhhbXBsZS5vcmcjP+AAAAAAAAATAAAAASoF8gDRFRZWbWVtb3J50xcYGRodHlRhcmdzV2NvbW1hbmRTZW52ohscUi15WG1lbW9yeUAxU25w' +
    'eNBfECh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4bxARAMQAeABhAG0AcABsAGUAICYDACAASQBuAGMALgAg2D3eAKIiI1Vjb2RleFZjdXJzb3IT' +
    '//////////kICV1ub3QtYS1zZXR0aW5nEB4ACAAlACsAPQBIAE0AUwBgAGUAgQCOAJcAmwCeAKoAwADBAMkA4wDsAPUA+AD/AQYBCwETARcBGgEdASYBKgErAVYBewF+AYQB' +
    'iwGUAZUBlgGkAAAAAAAAAgEAAAAAAAAAKQAAAAAAAAAAAAAAAAAAAaY=',
  'base64',
);

describe('a binary property list', () => {
  test('of another writer is read as what was written', () => {
    expect(readPropertyList(foreign)).toEqual({
      GatewayURL: 'https://mcp.example.org',
      EnforcementMode: 'enforce',
      ScanIntervalMinutes: 30,
      ManagedByOrganizationName: 'Äxample \u2603 Inc. \u{1F600}',
      ManagedHosts: ['codex', 'cursor'],
      LocalServers: { memory: { command: 'npx', args: ['-y', 'memory@1'], env: {} } },
      Negative: -7,
      Large: 5_000_000_000,
      Half: 0.5,
      On: true,
      Off: false,
      Long: 'x'.repeat(40),
      Empty: [],
      PayloadUUID: 'not-a-setting',
    });
  });

  test('that is damaged is read or refused, and nothing else happens', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(foreign.length - 1), fc.nat(255)), { maxLength: 6 }),
        fc.nat(foreign.length),
        (edits, length) => {
          const bytes = Uint8Array.from(foreign);
          for (const [at, byte] of edits) bytes[at] = byte;
          for (const each of [bytes, bytes.subarray(0, length)])
            try {
              readPropertyList(each);
            } catch (error) {
              expect(error).toBeInstanceOf(RangeError);
            }
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('that refers to itself is refused', () => {
    // one array whose only member is the array
    const bytes = Buffer.concat([Buffer.from('bplist00'), Buffer.from([0xa1, 0, 8]), Buffer.alloc(32)]);
    bytes.set([1, 1], bytes.length - 26);
    bytes.writeBigUInt64BE(1n, bytes.length - 24);
    bytes.writeBigUInt64BE(10n, bytes.length - 8);
    expect(() => readPropertyList(bytes)).toThrow(RangeError);
  });
});

describe('a registry export', () => {
  const key = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Drawbridge';
  const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  const hex = (text: string) => [...Buffer.from(text, 'utf16le')].map((byte) => byte.toString(16).padStart(2, '0')).join(',');
  const exported = (lines: readonly string[]) =>
    Buffer.from(
      `\uFEFFWindows Registry Editor Version 5.00\r\n\r\n[${key}]\r\n${lines.join('\r\n')}\r\n\r\n[${key}\\Sub]\r\n"GatewayURL"="https://sub.example.org"\r\n\r\n`,
      'utf16le',
    );

  test('is read with all its types, and without its subkeys', () => {
    const json = '{"memory":{\n"command":"C:\\\\0\\\\npx"}}';
    const wrapped = hex(`${json.replaceAll('\n', '\0')}\0\0`).replaceAll(/((?:..,){20})/g, '$1\\\r\n  ');
    const values = readExport(
      exported([
        '@="default"',
        '"GatewayURL"="https://mcp.example.org"',
        '"PostureHeartbeatMinutes"=dword:0000000a',
        `"LocalServers"=hex(7):${wrapped}`,
        `"CACertificateFile"=hex(2):${hex('C:\\ca.pem\0')}`,
        '"Bytes"=hex:01,02',
      ]),
      key,
    );
    expect([...values]).toEqual([
      ['GatewayURL', 'https://mcp.example.org'],
      ['PostureHeartbeatMinutes', 10],
      ['LocalServers', json],
      ['CACertificateFile', 'C:\\ca.pem'],
    ]);
    expect(parseValues(Object.fromEntries(values), {})).toMatchObject({
      problems: [],
      values: { LocalServers: { memory: { command: 'C:\\0\\npx' } }, PostureHeartbeatMinutes: 10 },
    });
  });

  test('gives every text back that was put into it', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((each) => !/[\0\r\n]/.test(each) && each.isWellFormed());
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(text, text), { selector: ([name]) => name }), (entries) => {
        const wanted = entries.filter(([name]) => name !== '');
        const bytes = exported(wanted.map(([name, value]) => `"${escaped(name)}"="${escaped(value)}"`));
        expect([...readExport(bytes, key)]).toEqual(wanted);
      }),
    );
  });

  test('is asked for anew each time: absent where there is no key, and the last good values where nothing answers', async () => {
    proves('profile.registry-silent', {
      file: 'bridge/profile/windows.ts',
      find: 'error.code === 1;',
      replace: 'error.code !== 0;',
    });
    const dir = await mkdtemp(join(tmpdir(), 'drawbridge-registry-'));
    try {
      const fixture = join(dir, 'policy.reg');
      const registryProgram = join(dir, 'reg');
      await writeFile(
        fixture,
        exported(['"EnforcementMode"="enforce"', '"AllowUserQuit"=dword:00000001', '"AllowUserUndo"=dword:00000000']),
      );
      const answers = async (how: string) => {
        // what reg.exe is started with: export KEY FILE /y /reg:64
        await writeFile(registryProgram, `#!/bin/sh\n[ "$1 $2 $4 $5" = 'export ${key} /y /reg:64' ] || exit 9\n${how}\n`);
        await chmod(registryProgram, 0o755);
      };
      const read = (before?: ProfileReading) =>
        readProfile({ platform: 'win32', uid: -1, registryProgram, systemFile: join(dir, 'none.json') }, before);
      await answers(`cp '${fixture}' "$3"`);
      const first = await read();
      expect(first.profile).toMatchObject({ EnforcementMode: 'enforce', AllowUserQuit: true, AllowUserUndo: false });
      expect(first).toMatchObject({ file: key, findings: [] });
      await answers('exit 5');
      const silent = await read(first);
      expect(silent.profile.EnforcementMode).toBe('enforce');
      expect(silent.findings).toMatchObject([{ code: 'profile_ignored', path: key }]);
      await answers('exit 1');
      const gone = await read(silent);
      expect(gone.profile.EnforcementMode).toBe('observe');
      expect(gone.findings).toEqual([]);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  test('of another key holds nothing for us', () => {
    expect(readExport(exported(['"GatewayURL"="x"']), `${key}Other`).size).toBe(0);
    expect(readExport(Buffer.from('no export'), key).size).toBe(0);
  });
});

describe.runIf(process.getuid?.() === 0)('managed preferences (as root: owners are changed)', () => {
  let dir = '';
  let ofDevice = '';
  let ofUser = '';
  let file = '';
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'drawbridge-managed-'));
    await chmod(dir, 0o755);
    ofDevice = join(dir, 'Managed Preferences/dev.drawbridge.companion.plist');
    ofUser = join(dir, 'Managed Preferences/ada/dev.drawbridge.companion.plist');
    file = join(dir, 'profile.json');
    await mkdir(dirname(ofUser), { recursive: true, mode: 0o755 });
  });
  afterEach(async () => rm(dir, { recursive: true, force: true }));
  const read = (before?: ProfileReading, named?: string) =>
    readProfile(
      { platform: 'darwin', uid: 501, userName: 'ada', managedDirectory: dirname(ofDevice), systemFile: file, file: named },
      before,
    );
  const codes = ({ findings }: ProfileReading) => findings.map(({ code }) => code);

  test("stand over root's file, key by key, and the user's over the device's", async () => {
    proves('profile.mdm-first', {
      file: 'bridge/profile/read.ts',
      find: 'const layers = [managed, first ?? named]',
      replace: 'const layers = [first ?? named, managed]',
    });
    await writeFile(file, JSON.stringify({ GatewayURL: 'https://file.example.org', LogLevel: 'warn', ScanIntervalMinutes: 5 }));
    await writeFile(ofDevice, foreign);
    await writeFile(ofUser, propertyList({ ScanIntervalMinutes: 45, ManagedHosts: '["codex"]' }));
    const reading = await read();
    expect(reading.profile).toMatchObject({
      GatewayURL: 'https://mcp.example.org',
      EnforcementMode: 'enforce',
      ScanIntervalMinutes: 45,
      ManagedHosts: ['codex'],
      LogLevel: 'warn',
    });
    expect([reading.origins.get('GatewayURL'), reading.origins.get('LogLevel')]).toEqual(['mdm', 'file']);
    // what the foreign list holds besides is told as what it is
    expect(new Set(codes(reading))).toEqual(new Set(['profile_unknown_key']));
    expect(reading.findings.map(({ setting }) => setting)).not.toContain('PayloadUUID');
  });

  test('leave --profile without effect', async () => {
    const named = join(dir, 'mine.json');
    await writeFile(named, JSON.stringify({ GatewayURL: 'https://mine.example.org', LogLevel: 'debug' }));
    await writeFile(ofDevice, propertyList({ GatewayURL: 'https://mcp.example.org' }));
    const reading = await read(undefined, named);
    expect(reading.profile).toMatchObject({ GatewayURL: 'https://mcp.example.org', LogLevel: 'info' });
    expect(codes(reading)).toEqual(['profile_ignored']);
  });

  test.each([
    ['belong to the user', async () => chown(ofDevice, 501, 20)],
    ['lie in a folder of the user', async () => chown(dirname(ofDevice), 501, 20)],
    ['are a link', async () => (await rm(ofDevice), await symlink(ofUser, ofDevice))],
    ['are no property list', async () => writeFile(ofDevice, '{}')],
  ])('do not count where they %s: that is told, and the last good ones stay', async (_, spoil) => {
    proves('profile.mdm-trusted', {
      file: 'bridge/profile/macos.ts',
      find: "if (read.kind === 'ignored') return { kind: 'ignored', from: file, reason: read.reason };",
      replace: "if (read.kind === 'ignored') continue;",
    });
    await writeFile(ofDevice, propertyList({ EnforcementMode: 'enforce' }));
    const before = await read();
    await spoil();
    const fresh = await read();
    expect(fresh.profile.EnforcementMode).toBe('observe');
    expect(codes(fresh)).toEqual(['profile_ignored']);
    expect((await read(before)).profile.EnforcementMode).toBe('enforce');
  });

  test('that are taken away are gone, and a changed one is another reading', async () => {
    await writeFile(file, JSON.stringify({ LogLevel: 'warn' }));
    await writeFile(ofDevice, propertyList({ EnforcementMode: 'enforce' }));
    const first = await read();
    await writeFile(file, JSON.stringify({ LogLevel: 'error' }));
    const second = await read(first);
    expect(second.hash).not.toBe(first.hash);
    await rm(ofDevice);
    const third = await read(second);
    expect(third.profile).toMatchObject({ EnforcementMode: 'observe', LogLevel: 'error' });
    expect(third.file).toBe(file);
  });
});
