// The audit under fire: kill -9 of the gateway server while calls are answered, over and over, and a disk that is full.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { readSnapshot } from '../../gateway/store/sqlite.ts';
import { recordsFrom } from '../../gateway/store/sql/run.ts';
import { serveOld } from '../fake/remote/old.ts';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until } from './deployment.ts';
import { codeOf, modern } from './mcp.ts';

const runs = Number(process.env['KILL_RUNS'] ?? 100);
const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of cleanUp.splice(0).toReversed()) await close();
});

async function scene(
  options: { dataDir?: string } = {},
): Promise<{ deployment: Deployment; call: (signal?: AbortSignal) => ReturnType<typeof modern> }> {
  // A remote server: it is there as soon as the gateway server is, and nobody has to come back first.
  const remote = await serveOld();
  cleanUp.push(() => remote.close());
  const deployment = await deploy({
    policy: {
      version: 1,
      users: { ada: { email: 'ada@example.org', teams: ['all'] } },
      teams: { all: { gateways: ['eng'] } },
      servers: { remote: { kind: 'remote', url: remote.url, allowPrivate: ['127.0.0.1'] } },
      gateways: { eng: { assignments: { remote: { tools: 'all' } } } },
    },
    ...options,
  });
  cleanUp.push(() => deployment.close());
  const token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  const call = (signal?: AbortSignal) =>
    modern(
      `${deployment.origin}/g/eng/s/remote/mcp`,
      token,
      'tools/call',
      { name: 'echo', arguments: { text: 'x' } },
      signal ? { signal } : {},
    );
  return { deployment, call };
}

/** Calls until the gateway server is gone; returns how many results came back. */
async function callUntilKilled(call: () => ReturnType<typeof modern>): Promise<number> {
  let results = 0;
  for (;;) {
    const answered = await call().catch(() => undefined);
    if (answered === undefined) return results;
    if (answered.body.result !== undefined) results++;
  }
}

test(
  `over ${runs} kill -9 of the gateway server, no result that a client received is missing from the records`,
  { timeout: 30_000 + runs * 10_000 },
  async () => {
    proves('failure.record-before-result', {
      file: 'gateway/main.ts',
      find: 'mode: settings.audit,',
      replace: "mode: 'batched',",
    });
    const { deployment, call } = await scene();
    let received = 0;
    for (let run = 0; run < runs; run++) {
      await until('a call to go through', async () => {
        const isThrough = (await call().catch(() => undefined))?.body.result !== undefined;
        if (isThrough) received++;
        return isThrough;
      });
      const callers = Array.from({ length: 8 }, () => callUntilKilled(call));
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 120));
      await deployment.gateway().stop('SIGKILL');
      for (const results of await Promise.all(callers)) received += results;
      await deployment.restartGateway();
    }
    const file = join(deployment.dataDir, 'gateway.sqlite');
    const kept = await readSnapshot(file, ({ db }) => recordsFrom(db, 'main', 0, 1_000_000));
    const answered = kept.filter(
      ({ body }) => body.includes('"method":"tools/call"') && body.includes('"decision":"allowed"'),
    ).length;
    console.log(
      `${runs} kills: ${received} results received, ${answered} records of answered calls, missing ${Math.max(0, received - answered)}`,
    );
    expect(received).toBeGreaterThan(runs);
    expect(answered).toBeGreaterThanOrEqual(received);
    expect((await deployment.adminRaw('audit', 'verify')).code).toBe(0);
  },
);

const isRoot = process.getuid?.() === 0;
test.skipIf(!isRoot)(
  'a full disk refuses calls, and they are answered again when there is room',
  { timeout: 60_000 },
  async () => {
    proves('failure.disk-full', {
      file: 'gateway/pipeline/pipeline.ts',
      find: '      else await deps.recorder.append(finished);',
      replace: '      else await deps.recorder.append(finished).catch(() => undefined);',
    });
    const mount = await mkdtemp(join(tmpdir(), 'drawbridge-disk-'));
    cleanUp.push(() => rm(mount, { recursive: true, force: true }));
    // A new database with its log has some 4 MB, what Node keeps of the compiled program beside it 7.
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=0700', 'tmpfs', mount]);
    cleanUp.push(async () => execFileSync('umount', ['-l', mount]));
    const { deployment, call } = await scene({ dataDir: mount });
    await until('a call to go through', async () => (await call()).body.result !== undefined);
    const ballast = join(mount, 'ballast');
    execFileSync('sh', ['-c', `dd if=/dev/zero of='${ballast}' bs=4096 2>/dev/null; true`]);
    const refused = await until('calls to be refused', async () => {
      const answered = await call();
      return codeOf(answered) === 'AUDIT_UNAVAILABLE' && answered;
    });
    expect(refused.status).toBe(503);
    expect((await fetch(`${deployment.origin}/readyz`)).status).toBe(503);
    await rm(ballast);
    await until('calls to be answered again', async () => (await call()).body.result !== undefined);
    await writeFile(ballast, '');
    expect((await deployment.adminRaw('audit', 'verify')).code).toBe(0);
  },
);
