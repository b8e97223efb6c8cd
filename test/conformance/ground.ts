// What a run stands on: the two fixture servers over HTTP, reached directly, and the product with both as local servers of one workstation, reached at
// their un-prefixed routes through the front that brings the token.
import { join } from 'node:path';
import { deploy, type Deployment, until } from '../walk/deployment.ts';
import { modern, modernMeta, post } from '../walk/mcp.ts';
import { nodeServer } from '../walk/policy.ts';
import { type Program, root, startProgram } from '../walk/program.ts';
import { type Front, openFront } from './front.ts';

export const fixtures = ['legacy', 'modern'] as const;
export type Fixture = (typeof fixtures)[number];

export interface Ground {
  /** Where the fixture itself listens. */
  direct(fixture: Fixture): string;
  /** Where the gateway serves it. */
  through(fixture: Fixture): string;
  close(): Promise<void>;
}

const scriptOf = (fixture: Fixture): string => join(root, `test/fake/conformance/${fixture}.ts`);
const everything = { tools: 'all', prompts: 'all', resources: 'all', templates: 'all', reach: 'caller' };
const policy = {
  version: 1,
  users: { ada: { email: 'ada@example.org', teams: ['everyone'] } },
  teams: { everyone: { gateways: ['eng'] } },
  servers: Object.fromEntries(fixtures.map((name) => [name, { kind: 'workstation', shareable: false, timeoutSeconds: 10 }])),
  gateways: { eng: { assignments: Object.fromEntries(fixtures.map((name) => [name, everything])) } },
};

/** Starts everything, and returns when the gateway lists the tools of both fixtures. */
export async function standUp(): Promise<Ground> {
  const closers: (() => Promise<unknown>)[] = [];
  async function close(): Promise<void> {
    for (const closer of closers.splice(0).toReversed()) await closer();
  }
  try {
    const direct = new Map<Fixture, string>();
    for (const fixture of fixtures) {
      const program = startProgram(scriptOf(fixture), ['--http']);
      closers.push(() => program.stop());
      direct.set(fixture, await urlOf(program));
    }
    const { deployment, front } = await deployBehindFront(closers);
    const token = await deployment.hostToken({ user: 'ada', gateway: 'eng', host: 'conformance' });
    front.give(token);
    const through = (fixture: Fixture): string => `${front.origin}/g/eng/s/${fixture}/mcp`;
    for (const fixture of fixtures) {
      await until(
        `the gateway lists the tools of ${fixture}`,
        async () => (await modern(through(fixture), token, 'tools/list')).body.result,
      );
      await askAsAskable(through(fixture), token);
    }
    return { direct: (fixture) => direct.get(fixture) ?? '', through, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Hosts that can be asked have a process of the local server for themselves, and a suite gives the stream of a call 600 ms, in which none starts on a busy
 * machine: it is started here.
 */
async function askAsAskable(url: string, token: string): Promise<void> {
  const _meta = { ...modernMeta, 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } };
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' };
  await post(url, token, { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta } }, headers);
}

async function deployBehindFront(closers: (() => Promise<unknown>)[]): Promise<{ deployment: Deployment; front: Front }> {
  let front: Front | undefined;
  const deployment = await deploy({
    policy,
    async publicOrigin(port) {
      front = await openFront({ port });
      closers.push(front.close);
      return front.origin;
    },
  });
  closers.push(() => deployment.close());
  if (!front) throw new Error('the deployment asked for no origin');
  const LocalServers = Object.fromEntries(fixtures.map((fixture) => [fixture, nodeServer(scriptOf(fixture))]));
  await deployment.workstation({ user: 'ada', profile: { LocalServers } });
  return { deployment, front };
}

async function urlOf(program: Program): Promise<string> {
  const { url } = await program.event('listening');
  if (typeof url !== 'string') throw new Error('the fixture server did not say where it listens');
  return url;
}
