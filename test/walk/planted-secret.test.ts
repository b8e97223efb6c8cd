// Secrets are planted in all that flows and in all that starts a server; then every file, log, backup, sink, export and report of the deployment is searched for them.
import { readdirSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RemoteServer, serveOld } from '../fake/remote/old.ts';
import { proves } from '../requirement.ts';
import { deploy, type Deployment, until, type Workstation } from './deployment.ts';
import { modern } from './mcp.ts';

const planted = {
  argument: 'planted-argument-7f3a91c2',
  refusedArgument: 'planted-refused-argument-18be44d0',
  environment: 'planted-environment-5d20c6e7',
  upstreamToken: 'planted-upstream-token-90a1b7f3',
  engineToken: 'planted-engine-token-c4e802d1',
};
/** Also in the ways in which bytes are written down. */
const shapes = Object.entries(planted).flatMap(([name, secret]) => [
  [name, secret] as const,
  [`${name} in base64`, Buffer.from(secret).toString('base64').slice(0, 28)] as const,
  [`${name} in hex`, Buffer.from(secret).toString('hex')] as const,
]);

let remote: RemoteServer;
let deployment: Deployment;
let workstation: Workstation;
let token: string;
/** What the engine that a rule asks was shown. */
const shown = new Set<string | undefined>();
const judge = createServer((request, response) => {
  shown.add(request.headers.authorization);
  request.resume().on('end', () => response.end(JSON.stringify({ verdict: 'pass' })));
});
beforeAll(async () => {
  judge.listen(0, '127.0.0.1');
  await once(judge, 'listening');
  const address = judge.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no address');
  remote = await serveOld({ people: { [planted.upstreamToken]: 'ada' } });
  deployment = await deploy({
    policy: {
      version: 1,
      users: { ada: { email: 'ada@example.org', teams: ['all'] } },
      teams: { all: { gateways: ['eng'] } },
      servers: {
        everything: { kind: 'workstation' },
        remote: { kind: 'remote', url: remote.url, allowPrivate: ['127.0.0.1'], auth: 'header' },
      },
      gateways: {
        eng: {
          // In clear it must be nowhere all the same.
          capture: 'full',
          rules: [{ name: 'judged', method: 'webhook', engine: 'judge' }],
          assignments: {
            everything: { tools: ['echo', 'get-env'] },
            remote: { tools: ['whoami', 'echo'], identity: 'own' },
          },
        },
      },
      engines: {
        judge: {
          kind: 'webhook',
          url: `http://127.0.0.1:${address.port}/`,
          allowPrivate: ['127.0.0.1'],
          secretHeader: 'Authorization',
        },
      },
      sinks: { archive: { kind: 'file' } },
    },
  });
  const command = { command: 'npx', args: ['-y', '@modelcontextprotocol/server-everything'] };
  workstation = await deployment.workstation({
    user: 'ada',
    profile: { LocalServers: { everything: { ...command, env: { PLANTED: planted.environment } } } },
  });
  token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
  await deployment.secret(planted.engineToken, 'engine', 'secret', 'set', 'judge');
  await deployment.identity(planted.upstreamToken, '--server', 'remote', '--user', 'ada');
});
afterAll(async () => {
  await deployment?.close();
  await remote?.close();
  judge.close();
  judge.closeAllConnections();
});

const call = async (server: string, name: string, args: object = {}) =>
  JSON.stringify(
    (await modern(`${deployment.origin}/g/eng/s/${server}/mcp`, token, 'tools/call', { name, arguments: args })).body,
  );

function filesBelow(directory: string): string[] {
  const all = readdirSync(directory, { recursive: true, withFileTypes: true });
  return all.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
}

/** Files that are written anew go by other names for a moment. */
function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

test('what flows and what starts a server is found in no database, log, backup, sink, export and report', async () => {
  proves('audit.planted-secret', {
    file: 'gateway/pipeline/pipeline.ts',
    find: 'const draft = beginRecord(request, message.method, request);',
    replace: 'const draft = beginRecord(request, JSON.stringify(message), request);',
  });
  // They do flow: the servers have them, and the host gets them.
  await until('the local server', async () =>
    (await call('everything', 'echo', { message: planted.argument })).includes(planted.argument),
  );
  expect(await call('everything', 'get-env')).toContain(planted.environment);
  expect(await call('remote', 'whoami')).toContain('ada');
  expect(await call('everything', 'get-sum', { a: planted.refusedArgument })).toContain('TOOL_NOT_PROVISIONED');
  await call('remote', 'echo', { message: planted.argument });
  expect([...shown]).toEqual([planted.engineToken]);

  const sink = join(deployment.dataDir, 'sink', 'archive', 'records.jsonl');
  await until(
    'the sink',
    async () => filesBelow(deployment.dataDir).includes(sink) && readFileSync(sink, 'utf8').includes('get-sum'),
  );
  const [backup, exported] = [join(deployment.dir, 'backup.jsonl.gz'), join(deployment.dir, 'records.csv')];
  await deployment.admin('backup', backup);
  await deployment.admin('audit', 'export', '--format', 'csv', '--out', exported);
  const seen = new Map<string, Buffer>([
    ['log of the gateway server', Buffer.from(deployment.gateway().stderr())],
    ['log of the agent', Buffer.from(workstation.agent.stderr())],
    ['engine list', Buffer.from(await deployment.admin('engine', 'list', '--json'))],
    ['audit tail', Buffer.from(JSON.stringify(await deployment.records(1000)))],
    ['status', Buffer.from((await workstation.cli('status', '--json')).stdout)],
  ]);
  for (const file of filesBelow(deployment.dir)) {
    // IT wrote it there itself.
    if (file === workstation.profileFile) continue;
    const bytes = readIfThere(file);
    if (bytes !== undefined) seen.set(file, file.endsWith('.gz') ? gunzipSync(bytes) : bytes);
  }
  // It was captured all the same, and whoever may read it finds it there.
  const captured: string[] = [];
  for (const { id, tool, decision } of await deployment.records(1000))
    if (decision === 'allowed' && (tool === 'echo' || tool === 'get-env'))
      captured.push(await deployment.admin('audit', 'payload', String(id), '--json', '--reason', 'to look'));
  for (const secret of [planted.argument, planted.environment]) expect(captured.join()).toContain(secret);
  // The search is not blind: what may be there is found in the same places.
  const places = (text: string) => [...seen].filter(([, bytes]) => bytes.includes(text)).map(([place]) => place);
  expect(places('get-sum')).toEqual(expect.arrayContaining(['audit tail', sink, backup, exported]));
  expect(places('get-sum').some((place) => place.includes('gateway.sqlite'))).toBe(true);
  expect(shapes.flatMap(([name, text]) => places(text).map((place) => `${name}: ${place}`))).toEqual([]);
});

test('what an engine is shown is removed at the command line, and it is asked no more', async () => {
  const remove = () => deployment.admin('engine', 'secret', 'remove', 'judge', '--reason', 'it may be known');
  expect(await remove()).toBe('judge: removed\n');
  await until('calls to be refused', async () => (await call('remote', 'whoami')).includes('RULE_UNDECIDED'));
  expect(await deployment.admin('engine', 'list')).toContain('not asked: the value of its header Authorization');
  expect(await remove()).toBe('judge: there was none\n');
  const deed = await until('the deed', async () => (await deployment.deeds()).find(({ reason }) => reason === 'it may be known'));
  expect(deed).toMatchObject({ operation: 'engines.remove-secret', target: 'judge' });
});
