// The trial of one real host in an empty home: with the servers its user wrote into its config, then with the same config converged, then given back.
// Two servers stand in it: `everything`, of which the gateway exposes two tools, and `memory`, which nobody approves.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { deploy, until } from '../walk/deployment.ts';
import { walkPolicy } from '../walk/policy.ts';
import { root } from '../walk/program.ts';
import type { RealHost, ServerLine } from './host.ts';
import { packageOf } from './run.ts';
import { type Call, type Talk, command, talk } from './talk.ts';

const Status = z.looseObject({ servers: z.array(z.looseObject({ server: z.string(), status: z.string() })) });

const patienceMs = 60_000;

/** The same three questions before and after: a tool that the user allowed, one that he did not, and one of the server that the gateway does not approve. */
export interface Round {
  readonly allowed: Talk;
  readonly unasked: Talk;
  readonly unapproved: Talk;
}

export interface Trial {
  readonly host: RealHost;
  readonly version: string;
  /** What `echo` is given, and must come back. */
  readonly message: string;
  readonly direct: Round;
  readonly converged: Round;
  /** The converged config. */
  readonly text: string;
  /** What the gateway recorded of the converged round, newest first. */
  readonly records: readonly Readonly<Record<string, unknown>>[];
  /** The host's own list of its servers, converged; undefined where it has none that looks at them. */
  readonly list: Talk | undefined;
  /** Its own command that adds a server, and how long after its end the added program stood there; undefined where it has no such command. */
  readonly added: Talk | undefined;
  readonly repairedMs: number | undefined;
  /** After `hosts restore`, with the agent ended. */
  readonly restored: Talk;
}

/** `say` is told what goes on. */
export async function tryHost(host: RealHost, say: (line: string) => void = () => undefined): Promise<Trial> {
  const deployment = await deploy({
    policy: walkPolicy({ everything: { tools: ['echo', 'get-sum'] }, memory: { tools: 'all' } }),
  });
  try {
    const home = join(deployment.dir, 'home');
    const file = join(home, host.config);
    await mkdir(dirname(file), { recursive: true });
    await mkdir(join(home, 'work'));
    await writeFile(file, host.configText(servers(home), join(home, 'work')));
    const message = `hello from ${host.id}`;
    const calls = {
      allowed: { server: 'everything', tool: 'echo', arguments: { message }, allowed: 'echo' },
      unasked: { server: 'everything', tool: 'get-sum', arguments: { a: 2, b: 3 }, allowed: 'echo' },
      unapproved: { server: 'memory', tool: 'read_graph', arguments: {}, allowed: 'read_graph' },
    };
    const round = async (unapproved: Call): Promise<Round> => ({
      allowed: await talk(host, home, calls.allowed),
      unasked: await talk(host, home, calls.unasked),
      unapproved: await talk(host, home, unapproved),
    });

    say('its own config');
    const direct = await round(calls.unapproved);

    say('the same config, converged');
    const workstation = await deployment.workstation({
      user: 'ada',
      home,
      profile: { GatewaySlug: 'eng', EnforcementMode: 'enforce', LocalServerApproval: 'gateway' },
    });
    const offers = await until(
      `the servers of ${host.id} to be offered`,
      async () => {
        const all: { server: string; fingerprint: string }[] = JSON.parse(await deployment.admin('server', 'offered', '--json'));
        return all.length >= 2 && all;
      },
      patienceMs,
    );
    const wanted = offers.find(({ server }) => server === 'everything');
    await deployment.admin('server', 'approve', 'everything', '--fingerprint', wanted?.fingerprint ?? '');
    await until(
      'the approval to be known on the workstation',
      async () => {
        const { stdout } = await workstation.cli('status', '--json');
        return Status.parse(JSON.parse(stdout)).servers.some(
          ({ server, status }) => server === 'everything' && ['ready', 'running'].includes(status),
        );
      },
      patienceMs,
    );
    const text = await readFile(file, 'utf8');
    // What is refused can't be waited for.
    const converged = await round({ ...calls.unapproved, neededServer: 'everything' });
    const list = await command(host, home, host.list?.args);
    const records = await deployment.records();

    say('a server added by its own command');
    const added = await command(host, home, host.add);
    const began = performance.now();
    if (added)
      await until(`the added server to go through the gateway: ${added.output}`, async () =>
        isTakenOver(await readFile(file, 'utf8')),
      );
    const repairedMs = added && Math.round(performance.now() - began);

    say('the config given back');
    await workstation.agent.stop();
    await workstation.cli('hosts', 'restore', '--home', home, '--profile', workstation.profileFile);
    const restored = await talk(host, home, calls.allowed);
    return {
      host,
      version: packageOf(host).version,
      message,
      direct,
      converged,
      text,
      records,
      list,
      added,
      repairedMs,
      restored,
    };
  } finally {
    await deployment.close();
  }
}

const isTakenOver = (text: string): boolean => text.includes('/s/rogue/mcp') && !text.includes('/bin/cat');

export function servers(home: string): Record<string, ServerLine> {
  const script = (name: string) => join(root, `node_modules/@modelcontextprotocol/server-${name}/dist/index.js`);
  return {
    everything: { command: process.execPath, args: [script('everything')] },
    memory: {
      command: process.execPath,
      args: [script('memory')],
      env: { MEMORY_FILE_PATH: join(home, 'memory.json') },
    },
  };
}
