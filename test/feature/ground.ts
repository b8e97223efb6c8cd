// What the table stands on: a whole deployment whose one gateway has four servers, each era's both as a remote one and on a workstation.
import { join } from 'node:path';
import { deploy, type Deployment, until } from '../walk/deployment.ts';
import { modern } from '../walk/mcp.ts';
import { nodeServer } from '../walk/policy.ts';
import { type Program, root, startProgram } from '../walk/program.ts';
import { eras, kinds } from './cell.ts';
import type { Names } from './feature.ts';
import { connect, type Era, type Host } from './host.ts';

type Kind = (typeof kinds)[number];

export interface Ground {
  /** A host of this era at the one URL of all servers, or at that of one. */
  host(era: Era, server?: string): Promise<Host>;
  close(): Promise<void>;
}

/** How the gateway names what the server has. */
export function namesOf(era: Era, kind: Kind): Names {
  const server = serverOf(era, kind);
  return { server, tool: (name) => `${server}__${name}`, uri: (uri) => uri.replace('://', `://${server}__`) };
}
const serverOf = (era: Era, kind: Kind): string => `${era}-${kind}`;
const scriptOf = (era: Era): string => join(root, `test/fake/feature/${era}.ts`);
const cells = eras.flatMap((era) => kinds.map((kind) => ({ era, kind, name: serverOf(era, kind) })));

export async function standUp(): Promise<Ground> {
  const remotes: Program[] = [];
  let deployment: Deployment | undefined;
  async function close(): Promise<void> {
    await deployment?.close();
    for (const program of remotes) await program.stop();
  }
  try {
    const urls = new Map<Era, unknown>();
    for (const era of eras) {
      const program = startProgram(scriptOf(era), ['--http']);
      remotes.push(program);
      urls.set(era, (await program.event('listening'))['url']);
    }
    deployment = await deploy({ policy: policyOf(urls) });
    const local = cells.filter(({ kind }) => kind === 'workstation');
    const LocalServers = Object.fromEntries(local.map(({ name, era }) => [name, nodeServer(scriptOf(era))]));
    await deployment.workstation({ user: 'ada', profile: { LocalServers } });
    const token = await deployment.hostToken({ user: 'ada', gateway: 'eng' });
    const { origin } = deployment;
    for (const { name } of cells)
      await until(
        `${name} to answer`,
        async () => (await modern(`${origin}/g/eng/s/${name}/mcp`, token, 'tools/list')).body.result,
      );
    const place = (server?: string) => (server === undefined ? '' : `/s/${server}`);
    return { host: (era, server) => connect(era, `${origin}/g/eng${place(server)}/mcp`, token), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function policyOf(urls: ReadonlyMap<Era, unknown>): object {
  const whole = { tools: 'all', prompts: 'all', resources: 'all', templates: 'all', methods: ['vendor/add'] };
  return {
    version: 1,
    users: { ada: { email: 'ada@example.org', teams: ['everyone'] } },
    teams: { everyone: { gateways: ['eng'] } },
    servers: Object.fromEntries(
      cells.map(({ name, era, kind }) => [
        name,
        kind === 'remote' ? { kind, url: urls.get(era), allowPrivate: ['127.0.0.1'] } : { kind, shareable: false },
      ]),
    ),
    gateways: {
      eng: {
        assignments: Object.fromEntries(
          cells.map(({ name, kind }) => [name, kind === 'remote' ? whole : { ...whole, reach: 'caller' }]),
        ),
      },
    },
  };
}
