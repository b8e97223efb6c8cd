// The command line as people use it: real processes, beside a running `serve` on the same data directory.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { openUnmigrated } from '../../gateway/store/location.ts';
import { lockDataDirectory } from '../../gateway/store/lock.ts';
import { openStore } from '../../gateway/store/open.ts';
import { migrate } from '../../gateway/store/migrations.ts';
import { makeCertificate } from '../certificate.ts';
import { proves } from '../requirement.ts';
import { run, startProgram, type Finished, type Program } from '../walk/program.ts';
import { quiet, twoTeams } from './data.ts';

const script = 'gateway/cli.ts';
const Listening = z.object({ url: z.string(), metricsUrl: z.string(), pid: z.number() });
type Listening = z.infer<typeof Listening>;

let dir: string;
let dataDir: string;
let policyFile: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-cli-'));
  dataDir = join(dir, 'data');
  policyFile = join(dir, 'policy.yaml');
  await writeFile(policyFile, stringify(twoTeams));
});
afterAll(() => rm(dir, { recursive: true, force: true, maxRetries: 10 }));

const cli = (...args: string[]): Promise<Finished> => run(script, [...args, '--data', dataDir]);
async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cli(...args);
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('drawbridge-gateway:')]);
  return stdout.trim();
}
/** The one line that a failing command says. */
async function refusal(finished: Promise<Finished>, code = 1): Promise<string> {
  const { code: ended, stderr } = await finished;
  expect([ended, stderr]).toEqual([code, expect.stringMatching(/^drawbridge-gateway: [^\n]+\n$/)]);
  return stderr.trim();
}
async function serve(...args: string[]): Promise<Program & Listening> {
  const program = startProgram(script, ['serve', '--listen', '127.0.0.1:0', '--data', dataDir, ...args]);
  return { ...program, ...Listening.parse(await program.event('listening')) };
}
async function initialize(url: string, token: string): Promise<number> {
  const response = await fetch(`${url}/g/main/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
    }),
  });
  await response.arrayBuffer();
  return response.status;
}
async function revisionOf(): Promise<number> {
  const store = await openStore({ kind: 'sqlite', file: join(dataDir, 'gateway.sqlite') }, { logger: quiet });
  return store.revision().finally(() => store.close());
}

describe('beside a running serve', () => {
  let gateway: Program & Listening;
  beforeAll(async () => {
    gateway = await serve();
    await done('apply', '-f', policyFile);
  });
  afterAll(() => gateway.stop());

  test('a token opens its gateway at once, and is refused within a second after it was revoked', async () => {
    proves('gateway-shell.revoked-within-a-second', {
      file: 'gateway/main.ts',
      find: 'opened(watchRevision(store, bus, { logger }), (it) => it.close());',
      replace: '',
    });
    const token = await done('token', 'host', '--gateway', 'main', '--host', 'codex', '--user', 'ada', '--ttl', '30m');
    expect(token).toMatch(/^dbh_[A-Za-z0-9_-]{43}$/);
    expect(await initialize(gateway.url, token)).toBe(200);
    const listed = z
      .array(z.looseObject({ id: z.string(), state: z.string() }))
      .parse(JSON.parse(await done('token', 'list', '--json')));
    expect(JSON.stringify(listed)).not.toContain(token.slice(4));
    const { id } = listed.at(-1) ?? { id: '' };
    expect(await done('token', 'revoke', id)).toBe(`${id} revoked`);
    // A second where the machine is free.
    const deadline = Date.now() + 8000;
    let status = 200;
    while (status !== 401 && Date.now() < deadline) status = await initialize(gateway.url, token);
    expect(status).toBe(401);
    expect(await done('token', 'list')).toMatch(new RegExp(`${id} .* revoked `));
  });

  test('a token for a gateway that no team grants to its user is made with a note of that, in JSON too', async () => {
    const host = ['token', 'host', '--host', 'codex', '--user', 'bob', '--json', '--gateway'];
    const note = 'The gateway "main" is not granted to "bob" by any team, so this token opens nothing yet.';
    const { code, stdout, stderr } = await cli(...host, 'main');
    expect([code, stderr]).toEqual([0, `warning: ${note}\n`]);
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'host', user: 'bob', note });
    const granted = await cli(...host, 'side');
    expect(granted).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(granted.stdout)).not.toHaveProperty('note');
  });

  test('a policy file with an unknown key is refused with its place, and nothing of it is applied', async () => {
    proves('gateway-shell.policy-all-or-nothing', {
      file: 'gateway/admin/policy-file.ts',
      find: 'if (parsed.success && findings.length === 0 && unfit.length === 0) return',
      replace: 'if (parsed.success) return',
    });
    const revision = await revisionOf();
    const bad = join(dir, 'bad.yaml');
    await writeFile(bad, 'version: 1\nusers:\n  cy:\n    email: cy@example.org\nservrs: {}\n');
    const { code, stdout, stderr } = await cli('apply', '-f', bad);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      `${bad}:5:1: servrs: unknown key: did you mean "servers"?\ndrawbridge-gateway: Can't use ${bad}: it has 1 problem, so nothing was applied.\n`,
    );
    expect(await revisionOf()).toBe(revision);
    await writeFile(bad, 'version: 1\nusers:\n  cy: { email: cy@example.org, teams: [nobody] }\n');
    expect((await cli('apply', '-f', bad)).stderr).toContain(
      `${bad}:3:40: users.cy.teams[0]: there is no team "nobody" in this file`,
    );
    expect(await revisionOf()).toBe(revision);
    const json = await cli('apply', '-f', bad, '--json');
    expect([json.code, JSON.parse(json.stdout)]).toMatchObject([
      1,
      { applied: false, problems: [{ line: 3, column: 40, key: 'users.cy.teams[0]' }] },
    ]);
  });

  test('a policy is planned, applied, and no change when applied again', async () => {
    const changed = join(dir, 'changed.yaml');
    await writeFile(changed, stringify({ ...twoTeams, teams: { ...twoTeams.teams, qa: { gateways: ['side'] } } }));
    const revision = await revisionOf();
    const planned = await cli('apply', '-f', changed, '--plan');
    const words = '+ team qa: gateways ["side"]\n1 change; nothing was applied, this is only the plan\n';
    expect([planned.code, planned.stdout]).toEqual([3, words]);
    expect(await revisionOf()).toBe(revision);
    expect(await done('apply', '-f', changed)).toBe('+ team qa: gateways ["side"]\napplied 1 change');
    expect(await done('apply', '-f', changed)).toBe('no change');
    await writeFile(join(dir, 'exported.yaml'), await done('export'));
    expect(await done('apply', '-f', join(dir, 'exported.yaml'), '--plan')).toBe('no change');
    const piped = await run(script, ['apply', '-f', '-', '--data', dataDir], { input: await readFile(policyFile, 'utf8') });
    expect([piped.code, piped.stdout]).toEqual([0, '- team qa\napplied 1 change\n']);
  });

  test('a plan that would be refused says so after what it would change, and does not end as one that may be applied', async () => {
    const [ada, bob] = [
      { email: 'ada@example.org', teams: ['eng'] },
      { email: 'bob@example.org', teams: ['ops'] },
    ];
    const other = await mkdtemp(join(dir, 'other-'));
    const program = startProgram(script, ['serve', '--listen', '127.0.0.1:0', '--data', other]);
    await program.event('listening');
    await program.stop();
    const applying = async (users: object, ...flags: string[]) => {
      const file = join(dir, 'people.yaml');
      await writeFile(file, stringify({ ...twoTeams, users }));
      return await run(script, ['apply', '-f', file, '--data', other, ...flags]);
    };
    expect((await applying({ ada: { ...ada, role: 'super-admin' }, bob })).code).toBe(0);
    const planned = await applying({ ada, bob }, '--plan');
    expect(planned.stdout).toMatch(/^~ user ada: role super-admin -> none\n[^]*; nothing was applied, this is only the plan\n$/);
    expect([planned.code, planned.stderr]).toEqual([1, expect.stringContaining('super admin')]);
    expect(await applying({ ada, bob })).toMatchObject({ code: 1, stderr: planned.stderr });
    expect(JSON.parse((await applying({ ada, bob }, '--plan', '--json')).stdout).refusal.code).toBe('LAST_SUPER_ADMIN');
  });

  test('a plan is colored at a terminal, and not where somebody asked for none', async () => {
    const changed = join(dir, 'colored.yaml');
    await writeFile(changed, stringify({ ...twoTeams, teams: { ...twoTeams.teams, qa: { gateways: ['side'] } } }));
    const words = [process.execPath, script, 'apply', '-f', changed, '--plan', '--data', dataDir];
    const shown = async (env: Record<string, string>) => {
      const command = words.map((word) => `'${word}'`).join(' ');
      const terminal = spawn('script', ['-qefc', command, '/dev/null'], { env: { ...process.env, TERM: 'xterm', ...env } });
      let text = '';
      terminal.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
      await once(terminal, 'close');
      return text;
    };
    const green = '\u001b[32m+ team qa: gateways ["side"]\u001b[0m';
    expect(await shown({ NO_COLOR: '' })).toContain(green);
    expect(await shown({ NO_COLOR: '1' })).toContain('\n1 change; nothing was applied');
    expect(await shown({ NO_COLOR: '1' })).not.toContain('\u001b[');
  });

  test('a name that is not there is answered with the one that was meant', async () => {
    expect(await refusal(cli('token', 'enroll', '--user', 'aad'))).toBe(
      'drawbridge-gateway: There is no user "aad". Did you mean "ada"?',
    );
    expect(await refusal(cli('token', 'host', '--user', 'ada', '--gateway', 'mian', '--host', 'codex'))).toContain(
      'Did you mean "main"?',
    );
    expect(await refusal(cli('workstation', 'revoke', 'x'))).toContain('There is no workstation "x".');
    expect(await refusal(cli('server', 'approve', 'memory'))).toContain('There is no offered server "memory".');
  });

  test('records are shown, followed as they come, and verified', async () => {
    const token = await done('token', 'host', '--gateway', 'main', '--host', 'codex', '--user', 'ada');
    await initialize(gateway.url, token);
    // Deeds come at their own pace.
    const lines = (await done('audit', 'tail', '-n', '20', '--json')).split('\n');
    const line = lines.findLast((one) => one.includes('"kind":"call"'));
    expect(JSON.parse(line ?? '')).toMatchObject({ kind: 'call', method: 'initialize', user: { name: 'ada' }, host: 'codex' });
    const following = startProgram(script, ['audit', 'tail', '-n', '0', '--follow', '--json', '--data', dataDir]);
    let followed = '';
    following.child.stdout?.on('data', (piece) => (followed += String(piece)));
    // A record is written until the follower, which starts at its own pace, has seen one; alerts come beside them.
    await expect
      .poll(async () => (await initialize(gateway.url, token), followed), { timeout: 30_000 })
      .toContain('"method":"initialize"');
    expect(await following.stop('SIGINT')).toBe(0);
    const kept = join(dir, 'checkpoint');
    await writeFile(kept, await done('audit', 'checkpoint'));
    expect(await done('audit', 'verify', '--checkpoint', kept)).toContain('whole: ');
    await writeFile(kept, (await readFile(kept, 'utf8')).replace('"at":1', '"at":2'));
    expect(await refusal(cli('audit', 'verify', '--checkpoint', kept))).toContain('was not made with this audit key');
    const found = (await done('audit', 'search', 'initialize', '--user', 'ada', '-n', '1000', '--json')).trim();
    const { items } = JSON.parse(found);
    expect(items[0]).toMatchObject({ kind: 'call', method: 'initialize', user: { name: 'ada' } });
    const out = join(dir, 'records.csv');
    const until = String(new Date(items[0].at + 1).toISOString());
    expect(
      await done('audit', 'export', 'initialize', '--user', 'ada', '--until', until, '--format', 'csv', '--out', out),
    ).toMatch(/^\d+ records in /);
    const rows = (await readFile(out, 'utf8')).split('\r\n').slice(1, -1);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.every((row) => row.includes(',call,initialize,ada,codex,main,'))).toBe(true);
    expect((await stat(out)).mode & 0o777).toBe(0o600);
    expect(await refusal(cli('audit', 'export', '--out', out))).toContain(out);
    expect(await done('audit', 'verify')).toMatch(/^whole: \d+ records in 1 chain$/);
    expect(await done('audit', 'retention')).toMatch(
      /^Records are kept for good\.\nchain +removed +oldest.*\nmain +- +20\S+ +- +-$/,
    );
  });

  test('the data is backed up to a new file and brought back', async () => {
    const file = join(dir, 'backup');
    await done('backup', file);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await refusal(cli('backup', file))).toContain(file);
    // Whoever has a copy of everything is on record.
    await expect.poll(() => done('audit', 'tail', '-n', '50', '--json'), { timeout: 20_000 }).toContain('data.backup');
    await writeFile(join(dir, 'empty.yaml'), 'version: 1\n');
    await done('apply', '-f', join(dir, 'empty.yaml'));
    await done('restore', file);
    expect(await done('apply', '-f', policyFile)).toBe('no change');
    expect(await refusal(cli('restore', policyFile))).toContain('not a whole backup');
  });

  test('a second serve on the same data is refused and told who has it', async () => {
    const second = run(script, ['serve', '--data', dataDir, '--listen', '127.0.0.1:0']);
    expect(await refusal(second)).toBe(
      `drawbridge-gateway: The data directory ${dataDir} is in use by another gateway server (process ${gateway.pid}). Stop that one, or choose another directory.`,
    );
  });

  test('a taken port is named, for hosts and for metrics', async () => {
    const taken = new URL(gateway.url).host;
    const other = join(dir, 'other');
    expect(await refusal(run(script, ['serve', '--data', other, '--listen', taken]))).toContain(
      `Can't listen on ${taken}: something else listens there.`,
    );
    const metrics = run(script, ['serve', '--data', other, '--listen', '127.0.0.1:0', '--metrics-listen', taken]);
    expect(await refusal(metrics)).toContain('--metrics-listen HOST:PORT');
  });

  test('health and readiness are answered, and metrics on their own listener only', async () => {
    expect(await (await fetch(`${gateway.url}/healthz`)).json()).toEqual({ alive: true });
    expect(await (await fetch(`${gateway.url}/readyz`)).json()).toEqual({ ready: true, reasons: [] });
    expect((await fetch(`${gateway.url}/metrics`)).status).toBe(404);
    expect(await (await fetch(gateway.metricsUrl)).text()).toMatch(/drawbridge_calls_total\{decision="allowed",code=""\} [1-9]/);
  });
});

describe('serve', () => {
  test('says on stdout only that it listens, and stops when asked to', async () => {
    const program = startProgram(script, ['serve', '--listen', '127.0.0.1:0', '--data', dataDir]);
    let stdout = '';
    program.child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    const { pid } = Listening.parse(await program.event('listening'));
    expect(pid).toBe(program.pid);
    expect(await program.stop()).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    for (const line of program.stderr().trim().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ pid, msg: expect.any(String) });
  });

  test('ends at once when it is asked a second time', async () => {
    const gateway = await serve();
    // A request that is never finished keeps a graceful stop waiting.
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(gateway.url).port) });
    socket.on('error', () => undefined);
    socket.write(
      `POST /workstation/enroll HTTP/1.1\r\nHost: ${new URL(gateway.url).host}\r\nContent-Type: application/json\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n`,
    );
    await once(socket, 'data');
    const exited = once(gateway.child, 'exit');
    gateway.child.kill('SIGTERM');
    while (!gateway.stderr().includes('"stopping"')) await once(gateway.child.stderr ?? socket, 'data');
    gateway.child.kill('SIGTERM');
    expect(await exited).toEqual([1, null]);
    socket.destroy();
  });

  test('on a file that is no database names the file and says what to do', async () => {
    const broken = join(dir, 'broken');
    await run(script, ['serve', '--data', broken, '--listen', '127.0.0.1:0', '--public-url', 'http://nowhere']);
    await promisify(execFile)('mkdir', ['-p', broken]);
    const file = join(broken, 'gateway.sqlite');
    await writeFile(file, 'this is no database, and long enough to be looked at as one. '.repeat(40));
    for (const args of [
      ['serve', '--listen', '127.0.0.1:0'],
      ['token', 'list'],
    ]) {
      const line = await refusal(run(script, [...args, '--data', broken]));
      expect(line).toContain(file);
      expect(line).toContain('restore a backup');
    }
  });

  test('of an older version is not left with a database that another command migrated', async () => {
    const older = join(dir, 'older');
    const lock = await lockDataDirectory(older);
    try {
      const engine = await openUnmigrated({ kind: 'sqlite', file: join(older, 'gateway.sqlite') }, quiet);
      await migrate(engine.db, engine.dialect, '0001-policy');
      await engine.close();
      expect(await refusal(run(script, ['token', 'list', '--data', older]))).toBe(
        `drawbridge-gateway: The database is older than this program, and a gateway server (process ${process.pid}) is using it. Nothing was changed. Stop that gateway server or update it, then try again.`,
      );
    } finally {
      await lock.release();
    }
    expect(await run(script, ['token', 'list', '--data', older])).toMatchObject({ code: 0, stdout: 'There are no tokens.\n' });
  });

  test('is not needed to tell that there is no data', async () => {
    const line = await refusal(run(script, ['token', 'list', '--data', join(dir, 'nothing')]));
    expect(line).toContain('there is no database');
  });

  test.each([
    [['serve', '--listen', '0.0.0.0:7070'], '--listen'],
    [['serve', '--unknown'], "unknown option '--unknown'"],
    [['token', 'enroll'], "required option '--user <slug>' not specified"],
    [['token', 'enroll', '--user', 'ada', '--ttl', 'soon'], '--ttl'],
    [['frobnicate'], "unknown command 'frobnicate'"],
  ])('and the other commands answer %j with exit code 2', async (args, words) => {
    expect(await refusal(run(script, args), 2)).toContain(words);
  });
});

describe('serve with certificate files', () => {
  const pem = { key: '', cert: '' };
  beforeAll(async () => {
    Object.assign(pem, await makeCertificate(dir, 'IP:127.0.0.1'));
  });
  const status = async (url: string, ca: string): Promise<number | undefined> => {
    const asked = httpsRequest(url, { ca });
    asked.end();
    const [response] = await once(asked, 'response');
    response.resume();
    return response.statusCode;
  };

  test('answers https with that certificate, and no plain http', async () => {
    const gateway = await serve('--tls-cert', pem.cert, '--tls-key', pem.key);
    try {
      expect(gateway.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
      expect(await status(`${gateway.url}/readyz`, await readFile(pem.cert, 'utf8'))).toBe(200);
      await expect(fetch(`${gateway.url.replace('https', 'http')}/healthz`)).rejects.toThrow('fetch failed');
    } finally {
      expect(await gateway.stop()).toBe(0);
    }
  });

  test('that are missing, or not a certificate with its key, says which file', async () => {
    const start = (cert: string, key: string) =>
      run(script, ['serve', '--data', dataDir, '--listen', '127.0.0.1:0', '--tls-cert', cert, '--tls-key', key]);
    expect(await refusal(start(join(dir, 'no.pem'), pem.key))).toContain(
      `${join(dir, 'no.pem')}: there is no such file. Check --tls-cert.`,
    );
    expect(await refusal(start(pem.cert, policyFile))).toContain(policyFile);
  });
});
