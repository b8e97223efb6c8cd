// Drawbridge itself, started by its own command lines as an administrator and a device would: serve, apply, token, agent.
// One product serves all of its rows; it is started with the first and closed with the last.
import { connect } from 'node:net';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AgentReply, AgentStarted } from '#contract/agent.ts';
import { startProgram, type Program } from '../program.ts';
import { ask } from './ask.ts';
import { administratorOf, startGateway, startMs, type Gateway } from './gateway.ts';

const bridgeCli = fileURLToPath(new URL('../../../bridge/launch.mjs', import.meta.url));

export interface ProductOptions {
  readonly node: string;
  readonly echoServer: string;
  /** A folder of its own, made if it is not there. */
  readonly tempDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** More for `serve`, such as --audit batched. */
  readonly flags?: readonly string[];
  /** With the gateway "bench" and the user "bench". Absent: `echoPolicy()`. */
  readonly policy?: string;
  /** Launch lines by server, "echo" among them. Absent: that one alone. */
  readonly localServers?: Readonly<Record<string, LaunchLine>>;
}

interface LaunchLine {
  readonly command: string;
  readonly args: readonly string[];
}

/** The bridge's command line, and the Node that runs it. */
export interface BridgeProgram {
  readonly node: string;
  readonly cli: string;
}

export interface Product {
  readonly gateway: Gateway;
  readonly dataDir: string;
  /** The un-prefixed address of the echo server. */
  readonly serverUrl: string;
  readonly token: string;
  /** Process ids of gateway server and agent. */
  readonly roots: readonly number[];
  /** How a host starts the shim. */
  readonly shim: { readonly file: string; readonly args: string[]; readonly env: Record<string, string> };
  /** Starts the agent of this device again, after the product was closed, from its sources unless another program is named. Whoever starts it closes it. */
  startAgent(program?: BridgeProgram): Program;
  close(): Promise<void>;
}

/** One server, which is not shared, behind these rules. */
export function echoPolicy(rules: readonly object[] = []): string {
  return `
version: 1
users: { bench: { email: bench@example.org, teams: [bench] } }
teams: { bench: { gateways: [bench] } }
servers: { echo: { kind: workstation } }
gateways: { bench: { assignments: { echo: { tools: [echo] } }, rules: ${JSON.stringify(rules)} } }
`;
}

export async function startProduct({
  node,
  echoServer,
  tempDir,
  env,
  flags = [],
  policy = echoPolicy(),
  localServers = { echo: { command: node, args: [echoServer] } },
}: ProductOptions): Promise<Product> {
  const [dataDir, stateDir, home] = [join(tempDir, 'data'), join(tempDir, 'state'), join(tempDir, 'home')];
  const [profileFile, enrollmentFile] = [join(tempDir, 'profile.json'), join(tempDir, 'enroll')];
  await mkdir(home, { recursive: true });
  const programs: Program[] = [];
  const close = async (): Promise<void> => {
    for (const program of programs.splice(0).toReversed()) await program.close();
  };
  try {
    const options = { node, env, dataDir, flags };
    const gateway = await startGateway(options);
    programs.push(gateway);
    const { url } = gateway;
    const administrator = administratorOf(options);
    await administrator.apply(policy);
    await writeFile(enrollmentFile, await administrator.enrollToken('bench'), { mode: 0o600 });
    const token = await administrator.hostToken('bench', 'bench');

    const profile = { GatewayURL: url, EnrollmentTokenFile: enrollmentFile, LocalServers: localServers };
    await writeFile(profileFile, JSON.stringify(profile), { mode: 0o600 });
    const where = ['--state', stateDir, '--home', home];
    const deviceEnv = { ...env, HOME: home };
    const startAgent = (of: BridgeProgram = { node, cli: bridgeCli }): Program =>
      startProgram({ file: of.node, args: [of.cli, 'agent', '--profile', profileFile, ...where], env: deviceEnv });
    const agent = startAgent();
    programs.push(agent);
    const { socket } = AgentStarted.parse(JSON.parse((await agent.line(/^\{"event":"started".*$/, startMs))[0]));
    await untilReady(socket);
    const serverUrl = `${url}/g/bench/s/echo/mcp`;
    await untilServed(serverUrl, token);
    const shimArgs = [bridgeCli, 'connect', '--state', stateDir, '--host', 'bench', serverUrl];
    return {
      gateway,
      dataDir,
      serverUrl,
      token,
      roots: [gateway.pid, agent.pid],
      shim: { file: node, args: shimArgs, env: deviceEnv },
      startAgent,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Until the agent says that its tunnel is up and the echo server can run. */
async function untilReady(socketPath: string): Promise<void> {
  const socket = connect(socketPath);
  const deadline = setTimeout(() => socket.destroy(), startMs);
  let last = 'nothing was said';
  try {
    socket.write('{"version":1,"want":"state"}\n');
    for await (const line of createInterface({ input: socket })) {
      const reply = AgentReply.parse(JSON.parse(line));
      if (!('state' in reply) || typeof reply.state !== 'object') continue;
      const { state } = AgentReply.options[0].parse(reply);
      const echo = state.servers.find(({ server }) => server === 'echo');
      last = `tunnel ${state.tunnel.kind}, echo ${echo?.status ?? 'absent'} ${echo?.detail ?? ''}`;
      if (state.tunnel.kind === 'connected' && (echo?.status === 'ready' || echo?.status === 'running')) return;
    }
    throw new Error(`the agent was not ready in time: ${last}`);
  } finally {
    clearTimeout(deadline);
    socket.destroy();
  }
}

/** Until the gateway server lists the tool: what the agent offers takes a moment to be in force there. */
async function untilServed(url: string, token: string): Promise<void> {
  const until = performance.now() + startMs;
  for (;;) {
    const answer = await ask(url, token, 'tools/list');
    if (answer.includes('"name":"echo"')) return;
    if (performance.now() > until) throw new Error(`the gateway server does not serve the echo server: ${answer.slice(0, 300)}`);
    await delay(50);
  }
}
