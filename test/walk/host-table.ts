// `npm run hosts:table`: each AI host through its whole life with the whole product, as a table: discovered, converged, called through, drift repaired,
// restored, and what its entries are where it may sign in by itself. Real programs and the real reference servers over a sample home; nothing of the user's own. Exit code 1 where a cell does not hold.
// `--real FILE`: what `node test/host/main.ts --json` printed, for the column of the real hosts. `--json`: the rows as JSON.
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { z } from 'zod';
import { hosts } from '#contract/host-table.ts';
import type { HostSpec } from '#contract/host.ts';
import { existing, placesOf } from '../../bridge/host/place.ts';
import { makeSampleHome } from '../../build/start/sample-home.ts';
import type { Deployment, Workstation } from './deployment.ts';
import { until } from './deployment.ts';
import { programsIn, withDirect } from './host-entry.ts';
import { walkPolicy } from './policy.ts';
import { deploySignIn } from './sign-in.ts';

interface Cell {
  readonly holds: boolean;
  readonly says: string;
}
interface Row {
  readonly host: string;
  readonly discovered: Cell;
  readonly converged: Cell;
  readonly called: Cell;
  readonly restored: Cell;
  readonly repaired: Cell;
  /** Where the gateway server lets hosts sign in: URLs, or still the shim. */
  readonly layout: Cell;
}

const Found = z.array(
  z.looseObject({
    id: z.string(),
    files: z.array(
      z.looseObject({
        path: z.string(),
        state: z.string(),
        servers: z.array(z.looseObject({ name: z.string(), kind: z.string() })),
      }),
    ),
  }),
);
type FoundFile = z.infer<typeof Found>[number]['files'][number];

const calls: Readonly<Record<string, readonly [tool: string, args: Record<string, unknown>]>> = {
  everything: ['echo', { message: 'hi' }],
  filesystem: ['list_allowed_directories', {}],
  memory: ['read_graph', {}],
};
const names = Object.keys(calls);
const driftRounds = 10;
const direct = 'https://direct.example.com/mcp';

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false }, real: { type: 'string' } } });
const real = values.real === undefined ? new Map<string, string>() : await realHosts(values.real);
const rows = await run();
process.stdout.write(values.json ? `${JSON.stringify({ version: 1, rows, real: Object.fromEntries(real) })}\n` : inWords(rows));
process.exitCode = rows.every(({ host: _host, ...cells }) => Object.values(cells).every(({ holds }) => holds)) ? 0 : 1;

async function run(): Promise<readonly Row[]> {
  const { deployment, close } = await deploySignIn({
    policy: walkPolicy({ everything: { tools: ['echo'] }, filesystem: { tools: 'all' }, memory: { tools: 'all' } }),
  });
  try {
    const home = join(deployment.dir, 'home');
    await makeSampleHome(home);
    const files = await placesIn(home);
    const before = new Map<string, string>();
    for (const [host, path] of files) before.set(host, digest(await readFile(path)));
    // Every cell but the last is about entries that start the shim.
    const observed = { GatewaySlug: 'eng', LocalServerApproval: 'gateway', EnforcementMode: 'observe', ShimHosts: '*' };
    const workstation = await deployment.workstation({ user: 'ada', home, profile: observed });
    const flags = ['--home', home, '--profile', workstation.profileFile];
    const discovered = await look(workstation, flags);

    await set(workstation, { EnforcementMode: 'enforce' });
    await workstation.restart();
    await approveAll(deployment);
    const converged = await look(workstation, flags);
    const called = new Map<string, Cell>();
    for (const spec of hosts) called.set(spec.id, await callThrough(spec, files.get(spec.id) ?? '', deployment));

    await workstation.agent.stop();
    const undone = await workstation.cli('hosts', 'restore', ...flags, '--json');
    const restored = new Map<string, Cell>();
    for (const [host, path] of files) {
      const isSame = undone.code === 0 && digest(await readFile(path)) === before.get(host);
      restored.set(host, { holds: isSame, says: isSame ? 'byte for byte' : 'differs' });
    }

    await workstation.restart();
    const repaired = new Map<string, Cell>();
    for (const spec of hosts) repaired.set(spec.id, await repair(spec, files.get(spec.id) ?? ''));
    await set(workstation, { ShimHosts: [] });
    await workstation.restart();
    const isSettled = async () => [...(await look(workstation, flags)).values()].every((file) => file?.state === 'compliant');
    // Where one never is, its cell says so.
    await until('every config to be as it should', isSettled, 30_000).catch(() => undefined);
    const layouts = await look(workstation, flags);
    const none = { holds: false, says: '-' };
    return hosts.map(({ id, remote }) => ({
      host: id,
      discovered: judged(discovered.get(id), 'drifted', 'stdio'),
      converged: judged(converged.get(id), 'compliant', 'shim'),
      called: called.get(id) ?? none,
      restored: restored.get(id) ?? none,
      repaired: repaired.get(id) ?? none,
      layout: judged(layouts.get(id), 'compliant', remote.own ? 'gateway' : 'shim'),
    }));
  } finally {
    await close();
  }
}

async function look(workstation: Workstation, flags: readonly string[]): Promise<ReadonlyMap<string, FoundFile | undefined>> {
  const done = await workstation.cli('hosts', 'list', ...flags, '--json');
  const found = Found.parse(JSON.parse(done.stdout));
  return new Map(found.map(({ id, files }) => [id, files.find(({ state }) => state !== 'missing')]));
}

/** The one config of each host that the sample home has. */
async function placesIn(home: string): Promise<ReadonlyMap<string, string>> {
  const places = new Map<string, string>();
  for (const spec of hosts) {
    const [path] = await existing(await placesOf(spec, { home, platform: 'linux', env: {} }));
    if (path !== undefined) places.set(spec.id, path);
  }
  return places;
}

function judged(file: FoundFile | undefined, state: string, kind: string): Cell {
  const servers = (file?.servers ?? []).filter((server) => server.kind === kind).map(({ name }) => name);
  const holds = file?.state === state && names.every((name) => servers.includes(name));
  return { holds, says: `${servers.length} ${kind === 'gateway' ? 'URL' : kind}, ${file?.state ?? 'not found'}` };
}

async function set(workstation: Workstation, settings: object): Promise<void> {
  const profile = z.record(z.string(), z.unknown()).parse(JSON.parse(await readFile(workstation.profileFile, 'utf8')));
  await writeFile(workstation.profileFile, JSON.stringify({ ...profile, ...settings }));
}

async function approveAll(deployment: Deployment): Promise<void> {
  const Offered = z.array(z.looseObject({ server: z.string(), fingerprint: z.string() }));
  const offered = await until(
    'the servers to be offered',
    async () => {
      const all = Offered.parse(JSON.parse(await deployment.admin('server', 'offered', '--json')));
      return names.every((name) => all.some(({ server }) => server === name)) && all;
    },
    60_000,
  );
  for (const { server, fingerprint } of offered)
    await deployment.admin('server', 'approve', server, '--fingerprint', fingerprint);
}

/** Starts exactly what each entry says, with next to nothing in its environment, and calls a tool; the gateway must have it on record as this host's. */
async function callThrough(spec: HostSpec, path: string, deployment: Deployment): Promise<Cell> {
  const entries = programsIn(spec, await readFile(path, 'utf8'));
  let answered = 0;
  for (const [name, [tool, args]] of Object.entries(calls)) {
    const entry = entries.find((one) => one.name === name);
    if (entry === undefined) continue;
    const client = new Client({ name: spec.id, version: '1' });
    try {
      const env = { PATH: '/usr/bin:/bin', ...entry.env };
      await client.connect(new StdioClientTransport({ command: entry.command, args: [...entry.args], env, stderr: 'pipe' }));
      const result = await client.callTool({ name: tool, arguments: args });
      const [record] = await deployment.calls(1);
      if (result.isError !== true && record?.['host'] === spec.id && record['decision'] === 'allowed') answered++;
    } catch (error) {
      process.stderr.write(`${spec.id} ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    } finally {
      await client.close();
    }
  }
  return { holds: answered === names.length, says: `${answered} of ${names.length} tools` };
}

/** Adds a direct server, each time another one, and waits until it is gone. */
async function repair(spec: HostSpec, path: string): Promise<Cell> {
  const isConverged = async () => !(await readFile(path, 'utf8')).includes('npx');
  // Where it never is, its cell says so: the others have theirs.
  if (!(await until('the file to be converged', isConverged).catch(() => false))) return { holds: false, says: 'not converged' };
  const took: number[] = [];
  for (let round = 0; round < driftRounds; round++) {
    const text = withDirect(spec, await readFile(path, 'utf8'), `direct-${round}`, direct);
    if (!text.includes(direct)) throw new Error(`${spec.id}: the edit adds nothing`);
    await writeFile(path, text);
    const begun = performance.now();
    await until('the direct server to be taken out', async () => !(await readFile(path, 'utf8')).includes(direct));
    took.push(performance.now() - begun);
  }
  took.sort((a, b) => a - b);
  const [median = 0, slowest = Infinity] = [took[driftRounds / 2], took.at(-1)];
  return { holds: slowest < 1_000, says: `${median.toFixed(0)} ms (slowest of ${driftRounds}: ${slowest.toFixed(0)})` };
}

async function realHosts(file: string): Promise<Map<string, string>> {
  const Real = z.looseObject({ hosts: z.array(z.looseObject({ host: z.string(), version: z.string() })) });
  const { hosts: seen } = Real.parse(JSON.parse(await readFile(file, 'utf8')));
  return new Map(
    seen.map((row) => {
      if (typeof row['reason'] === 'string') return [row.host, `${row.version}: ${row['reason']}`];
      const failed = Object.entries(row).filter(([, claim]) => claim === false);
      return [row.host, `${row.version}: ${failed.length === 0 ? 'yes' : `not ${failed.map(([claim]) => claim).join(', ')}`}`];
    }),
  );
}

function inWords(all: readonly Row[]): string {
  const cell = ({ holds, says }: Cell): string => (holds ? says : `NO: ${says}`);
  const head = [
    'host',
    'discovered',
    'converged',
    'called by its entry',
    'called by the real host',
    'drift repaired',
    'restored',
    'entries where it may sign in',
  ];
  const lines = all.map((row) => [
    row.host,
    cell(row.discovered),
    cell(row.converged),
    cell(row.called),
    real.get(row.host) ?? 'not asked (--real)',
    cell(row.repaired),
    cell(row.restored),
    cell(row.layout),
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => (line[column] ?? '').length)));
  const line = (cells: readonly string[]): string => `| ${cells.map((text, at) => text.padEnd(widths[at] ?? 0)).join(' | ')} |\n`;
  return line(head) + line(widths.map((width) => '-'.repeat(width))) + lines.map(line).join('');
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
