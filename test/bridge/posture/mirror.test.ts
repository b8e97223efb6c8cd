// The SQLite mirror of the posture file, with a reader that never rests.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { collect } from '../../../bridge/posture/collect.ts';
import { createHeartbeat } from '../../../bridge/posture/heartbeat.ts';
import { mirrorPath, writeMirror } from '../../../bridge/posture/mirror.ts';
import { proves } from '../../requirement.ts';
import { nowMs, stateWith } from '../state-fixture.ts';

const facts = { platform: 'linux', arch: 'x64', hostname: 'laptop', osVersion: '6.1', uid: 1000, userName: 'ada', bootId: 'b' };
const statusWith = (count: number) =>
  collect(
    stateWith({
      findings: Array.from({ length: count }, (_, at) => ({
        code: 'direct_stdio',
        server: { name: `server-${at}`, kind: 'stdio' },
      })),
    }),
    { ...facts, heartbeatSeconds: 300 },
    { sequence: 0, findings: [], sha256: undefined },
    nowMs,
    false,
  );
let dir = '';
let file = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-mirror-'));
  file = join(dir, 'status.json');
});
afterEach(async () => rm(dir, { recursive: true, force: true }));

const reader = `
const { DatabaseSync } = require('node:sqlite');
let whole = 0;
process.stdout.write('ready\\n');
const timer = setInterval(() => { for (let i = 0; i < 10; i++) {
  try {
    const database = new DatabaseSync(process.argv[1], { readOnly: true });
    const [{ many }] = database.prepare('SELECT count(*) AS many FROM finding').all();
    const [{ integrity_check }] = database.prepare('PRAGMA integrity_check').all();
    database.close();
    if (![2, 400].includes(many) || integrity_check !== 'ok') throw new Error(many + ' ' + integrity_check);
    whole++;
  } catch (error) { process.stdout.write('partial ' + error.message + '\\n'); process.exit(1); }
} }, 0);
process.stdin.on('end', () => { process.stdout.write('whole ' + whole + '\\n'); process.exit(0); }).resume();`;

test('a reader in another process sees the old database or the new one, never a part', async () => {
  proves('posture.mirror-atomic', {
    file: 'bridge/posture/mirror.ts',
    find: "const draft = join(dirname(file), `.posture.${randomBytes(8).toString('hex')}`);",
    replace: 'const draft = file; await rm(file, { force: true });',
  });
  const [small, large] = [statusWith(2), statusWith(400)];
  await writeMirror(file, small);
  const child = spawn(process.execPath, ['-e', reader, mirrorPath(file)], { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await once(child.stdout, 'data');
  for (let round = 0; round < 60 && child.exitCode === null; round++) await writeMirror(file, round % 2 ? small : large);
  child.stdin.on('error', () => {}).end();
  await once(child, 'close');
  expect(said).toMatch(/^ready\nwhole [1-9]\d*\n$/);
  expect(await readdir(dir)).toEqual(['posture.sqlite']);
});

test('it needs no second file to be read, and everybody can read it', async () => {
  proves('posture.mirror-readable', {
    file: 'bridge/posture/mirror.ts',
    find: 'await chmod(draft, 0o644);',
    replace: '',
  });
  const before = process.umask(0o077);
  try {
    await writeMirror(file, statusWith(1));
  } finally {
    process.umask(before);
  }
  expect((await stat(mirrorPath(file))).mode & 0o777).toBe(0o644);
  // bytes 18 and 19 of the header: 1 is a rollback journal, 2 would be a write-ahead log
  const handle = await open(mirrorPath(file));
  const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 18).finally(() => handle.close());
  expect([...buffer]).toEqual([1, 1]);
});

test('it is written with every status file, and one that can not be written stops nothing', async () => {
  proves('posture.mirror-written', {
    file: 'bridge/posture/heartbeat.ts',
    find: 'await mirror(file, status);',
    replace: '',
  });
  const heartbeat = createHeartbeat({
    facts,
    file: () => Promise.resolve(file),
    heartbeatSeconds: () => 300,
    current: () => stateWith(),
    signer: () => undefined,
    now: () => nowMs,
    logger: pino({ level: 'silent' }),
  });
  const summary = (): unknown => {
    const database = new DatabaseSync(mirrorPath(file), { readOnly: true });
    const rows = database.prepare('SELECT key, value FROM summary').all();
    database.close();
    return Object.fromEntries(rows.map(({ key, value }) => [key, value]));
  };
  await heartbeat.beat();
  expect(summary()).toMatchObject({ schema_version: '1.0', status: 'compliant', sequence: '1', tunnel: 'up' });
  await rm(mirrorPath(file));
  await mkdir(join(mirrorPath(file), 'in-the-way'), { recursive: true });
  expect(await heartbeat.beat()).toMatchObject({ sequence: 2 });
  await rm(mirrorPath(file), { recursive: true });
  await heartbeat.close();
  expect(summary()).toMatchObject({ status: 'stopped', compliant: 'false' });
  expect((await readdir(dir)).toSorted()).toEqual(['posture.sqlite', 'status.json']);
});
