// The posture file on disk, with real files and a reader that never rests.
import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { canonicalJson, postureText, PostureStatus } from '../../../contract/posture.ts';
import { collect } from '../../../bridge/posture/collect.ts';
import { createHeartbeat } from '../../../bridge/posture/heartbeat.ts';
import { postureFilePath, readPosture, writePosture } from '../../../bridge/posture/status-file.ts';
import { proves } from '../../requirement.ts';
import { nowMs, stateWith } from '../state-fixture.ts';

const facts = { platform: 'linux', arch: 'x64', hostname: 'laptop', osVersion: '6.1', uid: 1000, userName: 'ada', bootId: 'b' };
const statusWith = (news: object = {}): PostureStatus =>
  collect(stateWith(news), { ...facts, heartbeatSeconds: 300 }, { sequence: 0, findings: [], sha256: undefined }, nowMs, false);
const manyFindings = (count: number): object => ({
  findings: Array.from({ length: count }, (_, index) => ({
    code: index % 2 === 0 ? 'unpinned' : 'direct_stdio',
    server: { name: `server-${index}`, kind: 'stdio', address: 'npx' },
  })),
});
let dir = '';
let file = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-posture-'));
  file = join(dir, 'posture', 'status.json');
});
afterEach(async () => rm(dir, { recursive: true, force: true }));

const reader = `
const { readFileSync } = require('node:fs');
let whole = 0;
process.stdout.write('ready\\n');
const timer = setInterval(() => { for (let i = 0; i < 20; i++) {
  try { JSON.parse(readFileSync(process.argv[1], 'utf8')); whole++; }
  catch (error) { process.stdout.write('partial ' + error.message + '\\n'); process.exit(1); }
} }, 0);
process.stdin.on('end', () => { process.stdout.write('whole ' + whole + '\\n'); process.exit(0); }).resume();`;

test('a reader in another process never sees a part of a file', async () => {
  proves('posture.atomic', {
    file: 'bridge/posture/status-file.ts',
    find: "const draft = join(directory, `.status.${randomBytes(8).toString('hex')}`);",
    replace: 'const draft = file; await rm(file, { force: true });',
  });
  const [small, large] = [statusWith(), statusWith(manyFindings(150))];
  await writePosture(file, small, undefined);
  const child = spawn(process.execPath, ['-e', reader, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await once(child.stdout, 'data');
  for (let round = 0; round < 150 && child.exitCode === null; round++)
    await writePosture(file, round % 2 ? small : large, undefined);
  child.stdin.on('error', () => {}).end();
  await once(child, 'close');
  expect(said).toMatch(/^ready\nwhole [1-9]\d*\n$/);
  expect(await readdir(join(dir, 'posture'))).toEqual(['status.json']);
});

test('the file stays below 64 KiB: the least grave findings are left out and counted', async () => {
  proves('posture.bounded', {
    file: 'bridge/posture/status-file.ts',
    find: 'if (kept === 0 || Buffer.byteLength(text) < postureLimitBytes) return text;',
    replace: 'return text;',
  });
  await writePosture(file, statusWith(manyFindings(1000)), undefined);
  expect((await stat(file)).size).toBeLessThan(64 * 1024);
  const read = await readPosture(file);
  const status = read.kind === 'read' ? read.status : undefined;
  expect(status?.findings.every(({ severity }) => severity === 'high')).toBe(true);
  expect((status?.findings.length ?? 0) + (status?.counts.findings_omitted ?? 0)).toBe(1000);
  expect(status?.counts.findings_high).toBe(500);
});

test('everybody can read the file, whatever the umask, and nobody else can write it', async () => {
  proves('posture.readable', { file: 'bridge/posture/status-file.ts', find: 'await handle.chmod(0o644);', replace: '' });
  const before = process.umask(0o077);
  try {
    await writePosture(file, statusWith(), undefined);
  } finally {
    process.umask(before);
  }
  expect((await stat(file)).mode & 0o777).toBe(0o644);
});

test('the signature covers everything but itself, so that any change shows', async () => {
  proves('posture.signed', {
    file: 'contract/posture.ts',
    find: 'return canonicalJson({ ...status, integrity });',
    replace: 'return canonicalJson({ integrity });',
  });
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer = {
    keyId: 'workstation-1',
    sign: (text: string) =>
      sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url'),
  };
  const sha256 = await writePosture(file, statusWith(), signer);
  const bytes = await readFile(file);
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
  const status = PostureStatus.parse(JSON.parse(bytes.toString()));
  const check = (of: PostureStatus): boolean =>
    verify(
      'sha256',
      Buffer.from(postureText(of)),
      { key: publicKey, dsaEncoding: 'ieee-p1363' },
      Buffer.from(status.integrity.signature ?? '', 'base64url'),
    );
  expect(status.integrity).toMatchObject({ alg: 'ES256', key_id: 'workstation-1' });
  expect(check(status)).toBe(true);
  expect(check({ ...status, compliant: !status.compliant })).toBe(false);
  expect(check({ ...status, integrity: { ...status.integrity, key_id: 'another' } })).toBe(false);
});

test('a file without what can not be observed is read, as an older agent wrote it; so is one that names more', async () => {
  proves('posture.unobservable-optional', {
    file: 'contract/posture.ts',
    find: 'unobservable: z.array(Unobservable).optional(),',
    replace: 'unobservable: z.array(Unobservable),',
  });
  const { unobservable = [], ...older } = statusWith();
  await writePosture(file, older, undefined);
  expect(await readPosture(file)).toMatchObject({ kind: 'read', status: { compliant: true } });
  const more = [...unobservable, { id: 'dreams', says: 'What a person dreams: nobody asks.', since: '9.0' }];
  await writePosture(file, { ...older, unobservable: more }, undefined);
  expect(await readPosture(file)).toMatchObject({ kind: 'read', status: { unobservable: more } });
});

test('canonical JSON does not depend on the order of keys and says the same as JSON', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const turned = Object.fromEntries(Object.entries(value).toReversed());
      expect(canonicalJson(turned)).toBe(canonicalJson(value));
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
  expect(canonicalJson({ b: 1, a: [true, null, 'ä\n'], c: undefined })).toBe('{"a":[true,null,"ä\\n"],"b":1}');
});

test('sequence and hash chain go on across restarts; the last word is "stopped"', async () => {
  proves('posture.sequence', {
    file: 'bridge/posture/heartbeat.ts',
    find: 'const before = last?.file === file ? last.before : await beforeOf(file);',
    replace: 'const before = last?.file === file ? last.before : { sequence: 0, findings: [], sha256: undefined };',
  });
  const start = () =>
    createHeartbeat({
      facts,
      file: () => Promise.resolve(file),
      heartbeatSeconds: () => 300,
      current: () => stateWith(),
      signer: () => undefined,
      now: () => nowMs,
      logger: pino({ level: 'silent' }),
    });
  const first = start();
  await first.beat();
  await first.close();
  const stopped = await readPosture(file);
  expect(stopped).toMatchObject({ kind: 'read', status: { status: 'stopped', compliant: false, sequence: 2 } });
  const second = start();
  const next = await second.beat();
  expect(next).toMatchObject({ sequence: 3, integrity: { prev_sha256: stopped.kind === 'read' ? stopped.sha256 : '' } });
  await second.close();
  await second.close();
});

test('what is no posture file is not read as one', async () => {
  await mkdir(join(dir, 'posture'));
  expect(await readPosture(file)).toEqual({ kind: 'absent' });
  for (const text of ['', '{', '{}', '[1]', JSON.stringify({ ...statusWith(), schema_version: '9.0' }), ' '.repeat(70_000)]) {
    await writeFile(file, text);
    expect((await readPosture(file)).kind).toBe('unreadable');
  }
  await rm(file);
  await symlink('/etc/hostname', file);
  expect((await readPosture(file)).kind).toBe('unreadable');
});

test("an agent with its own state directory does not speak in the installer's place", async () => {
  const of = { platform: 'linux', uid: 4_000_000, stateDir: dir } as const;
  expect(await postureFilePath({ ...of, isDefaultState: false })).toBe(join(dir, 'posture/status.json'));
  expect(await postureFilePath({ ...of, isDefaultState: true })).toBe(join(dir, 'posture/status.json'));
});
