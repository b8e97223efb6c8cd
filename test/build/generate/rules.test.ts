// Intune's rules and osquery's tables, held against what they are asked of: the scripts' output and a real mirror.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { formatted } from '../../../bridge/posture/format.ts';
import { mirrorPath, writeMirror } from '../../../bridge/posture/mirror.ts';
import { proves } from '../../requirement.ts';
import { hostState } from '../../bridge/state-fixture.ts';
import { isThere, root } from './fixture.ts';
import { me, tell } from './puller-fixture.ts';
import type { Told } from './puller-fixture.ts';

const read = (name: string) => readFile(join(root, 'build/profile/puller', name), 'utf8');

describe("Intune's rules", () => {
  const Rules = z.strictObject({
    Rules: z
      .array(
        z.strictObject({
          SettingName: z.string(),
          Operator: z.enum(['IsEquals', 'NotEquals', 'GreaterThan', 'GreaterEquals', 'LessThan', 'LessEquals']),
          DataType: z.enum(['Boolean', 'Int64', 'Double', 'String', 'DateTime', 'Version']),
          Operand: z.union([z.string(), z.boolean()]),
          MoreInfoUrl: z.url(),
          RemediationStrings: z
            .array(z.strictObject({ Language: z.literal('en_US'), Title: z.string(), Description: z.string() }))
            .min(1),
        }),
      )
      .min(1)
      .max(100),
  });

  test('have the shape that Intune takes, and ask for what the scripts print and nothing else', async () => {
    proves('puller.rules', {
      file: 'build/profile/puller/intune-rules.json',
      find: '"SettingName": "DirectServerCount"',
      replace: '"SettingName": "DirectServers"',
    });
    const text = await read('intune-rules.json');
    expect(text.length).toBeLessThan(100 * 1024);
    const { Rules: rules } = Rules.parse(JSON.parse(text));
    const printed = z.record(z.string(), z.unknown()).parse(JSON.parse(formatted('intune', { kind: 'absent' }, 0)));
    expect(rules.map(({ SettingName }) => SettingName)).toEqual(Object.keys(printed));
    const types = { boolean: 'Boolean', number: 'Int64', string: 'Version' } as Readonly<Record<string, string>>;
    for (const { SettingName, DataType } of rules) expect(DataType).toBe(types[typeof printed[SettingName]]);
    for (const script of ['intune-discovery-linux.sh', 'intune-discovery-windows.ps1'])
      for (const name of Object.keys(printed)) expect((await read(script)).split(name).length, `${name} in ${script}`).toBe(2);
  });

  test('no script holds a mark that was not filled in', async () => {
    const script = await read('intune-discovery-windows.ps1');
    expect(script).not.toMatch(/@[A-Z_]+@/);
    // where there is a PowerShell it must at least understand the script; running it takes Windows
    if (!isThere('pwsh')) return;
    const file = join(root, 'build/profile/puller/intune-discovery-windows.ps1');
    const parse = `$errors = $null; [void][System.Management.Automation.Language.Parser]::ParseFile('${file}', [ref]$null, [ref]$errors); exit $errors.Count`;
    expect(spawnSync('pwsh', ['-NoProfile', '-Command', parse]).status).toBe(0);
  });
});

describe('osquery', () => {
  const Configuration = z.strictObject({
    auto_table_construction: z.record(
      z.string().regex(/^drawbridge_[a-z_]+$/),
      z.strictObject({
        query: z.string(),
        path: z.string(),
        columns: z.array(z.string()),
        platform: z.enum(['linux', 'darwin', 'windows']),
      }),
    ),
  });
  let dir = '';
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'drawbridge-osquery-'));
  });
  afterAll(async () => rm(dir, { recursive: true, force: true }));

  /** The rows that a table of the configuration has over a mirror of this status. */
  async function rowsOf(table: string, told: Told): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const file = join(dir, 'status.json');
    expect(await writeMirror(file, await tell(file, me, told))).toBe('written');
    const { query } = Configuration.parse(JSON.parse(await read('osquery-linux.json'))).auto_table_construction[table] ?? {
      query: '',
    };
    const database = new DatabaseSync(mirrorPath(file), { readOnly: true });
    try {
      return database.prepare(query).all();
    } finally {
      database.close();
    }
  }

  test.each(['linux', 'macos', 'windows'])('has a configuration for %s whose queries give its columns', async (system) => {
    proves('puller.osquery-columns', {
      file: 'bridge/posture/mirror.ts',
      find: "['host', 'installed', 'config_path', 'state',",
      replace: "['host', 'installed', 'path', 'state',",
    });
    const file = join(dir, 'status.json');
    await writeMirror(file, await tell(file, me));
    const { auto_table_construction: tables } = Configuration.parse(JSON.parse(await read(`osquery-${system}.json`)));
    const database = new DatabaseSync(mirrorPath(file), { readOnly: true });
    try {
      for (const [name, { query, columns, path }] of Object.entries(tables)) {
        expect(
          database
            .prepare(query)
            .columns()
            .map((column) => column.name),
          name,
        ).toEqual(columns);
        expect(columns, 'osquery adds this one itself').not.toContain('path');
        expect(path).toMatch(/%.*posture\.sqlite$/);
      }
    } finally {
      database.close();
    }
  });

  test.each<[string, Told]>([
    ['compliant', {}],
    ['noncompliant', { news: { findings: [{ code: 'not_enrolled' }] } }],
    ['stale', { writtenMs: Date.now() - 3_600_000 }],
    ['stale', { writtenMs: Date.now() + 3_600_000 }],
    ['stale', { isStopping: true }],
  ])('says %s where it is so now', async (verdict, told) => {
    proves('puller.osquery-verdict', {
      file: 'build/profile/puller/osquery-linux.json',
      find: '"drawbridge_posture": {\n      "query": "SELECT key, value FROM summary UNION ALL SELECT \'verdict\', CASE WHEN',
      replace:
        '"drawbridge_posture": {\n      "query": "SELECT key, value FROM summary UNION ALL SELECT \'verdict\', CASE WHEN 0 AND',
    });
    expect(await rowsOf('drawbridge_posture', told)).toContainEqual({ key: 'verdict', value: verdict });
  });

  test('lists findings and host configs', async () => {
    const news = {
      findings: [{ code: 'direct_stdio', host: 'codex', path: '~/.codex/config.toml', server: { name: 'a', kind: 'stdio' } }],
      hosts: [hostState([{ name: 'a', kind: 'stdio' }], 'drifted')],
    };
    expect(await rowsOf('drawbridge_finding', { news })).toMatchObject([
      { code: 'direct_stdio', severity: 'high', state: 'open', host: 'codex', config_path: '~/.codex/config.toml', server: 'a' },
    ]);
    expect(await rowsOf('drawbridge_host_config', { news })).toMatchObject([
      { host: 'codex', state: 'drifted', direct_stdio: 1 },
    ]);
  });
});
