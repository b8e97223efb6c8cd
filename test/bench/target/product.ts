// Drawbridge itself, started by its own command lines as an administrator and a device would: serve, apply, token, agent. Default audit, nothing replaced.
// One product serves all of its rows; it is started with the first and closed with the last.
import { connect } from 'node:net';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { AgentReply, AgentStarted } from '#contract/agent.ts';
import { runProgram, startProgram, type Program } from '../program.ts';

const gatewayCli = fileURLToPath(new URL('../../../gateway/cli.ts', import.meta.url));
const bridgeCli = fileURLToPath(new URL('../../../bridge/cli.ts', import.meta.url));
const startMs = 60_000;

export interface ProductOptions {
  readonly node: string;
  readonly echoServer: string;
  readonly tempDir: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Product {
  /** The un-prefixed address of the echo server. */
  readonly serverUrl: string;
  readonly token: string;
  /** Process ids of gateway server and agent. */
  readonly roots: readonly number[];
  /** How a host starts the shim. */
  readonly shim: { readonly file: string; readonly args: string[]; readonly env: Record<string, string> };
  close(): Promise<void>;
}

const policy = `
version: 1
users: { bench: { email: bench@example.org, teams: [bench] } }
teams: { bench: { gateways: [bench] } }
servers: { echo: { kind: workstation } }
gateways: { bench: { assignments: { echo: { tools: [echo] } } } }
`;
const Listening = z.object({ event: z.literal('listening'), url: z.string() });
const Issued = z.object({ token: z.string() });

export async function startProduct({ node, echoServer, tempDir, env }: ProductOptions): Promise<Product> {
  const [dataDir, stateDir, home] = [join(tempDir, 'data'), join(tempDir, 'state'), join(tempDir, 'home')];
  const [policyFile, profileFile, enrollmentFile] = ['policy.yaml', 'profile.json', 'enroll'].map((name) => join(tempDir, name));
  await mkdir(home);
  const programs: Program[] = [];
  const close = async (): Promise<void> => {
    for (const program of programs.splice(0).toReversed()) await program.close();
  };
  try {
    const serve = [gatewayCli, 'serve', '--data', dataDir, '--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0'];
    const gateway = startProgram({ file: node, args: serve, env });
    programs.push(gateway);
    const { url } = Listening.parse(JSON.parse((await gateway.line(/^\{"event":"listening".*$/, startMs))[0]));
    const administer = (...args: string[]): Promise<string> =>
      runProgram(
        { file: node, args: [gatewayCli, ...args, '--data', dataDir, '--json'], env: { ...env, NODE_OPTIONS: '' } },
        startMs,
      );
    await writeFile(`${policyFile}`, policy);
    await administer('apply', '-f', `${policyFile}`);
    const issue = async (...args: string[]): Promise<string> =>
      Issued.parse(JSON.parse(await administer('token', ...args))).token;
    await writeFile(`${enrollmentFile}`, await issue('enroll', '--user', 'bench'), { mode: 0o600 });
    const token = await issue('host', '--gateway', 'bench', '--host', 'bench', '--user', 'bench');

    const localServers = { echo: { command: node, args: [echoServer] } };
    const profile = { GatewayURL: url, EnrollmentTokenFile: enrollmentFile, LocalServers: localServers };
    await writeFile(`${profileFile}`, JSON.stringify(profile), { mode: 0o600 });
    const where = ['--state', stateDir, '--home', home];
    const deviceEnv = { ...env, HOME: home };
    const agent = startProgram({
      file: node,
      args: [bridgeCli, 'agent', '--profile', `${profileFile}`, ...where],
      env: deviceEnv,
    });
    programs.push(agent);
    const { socket } = AgentStarted.parse(JSON.parse((await agent.line(/^\{"event":"started".*$/, startMs))[0]));
    await untilReady(socket);
    const serverUrl = `${url}/g/bench/s/echo/mcp`;
    await untilServed(serverUrl, token);
    const shimArgs = [bridgeCli, 'connect', '--state', stateDir, '--host', 'bench', serverUrl];
    return { serverUrl, token, roots: [gateway.pid, agent.pid], shim: { file: node, args: shimArgs, env: deviceEnv }, close };
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
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/list',
  };
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: meta } });
  const until = performance.now() + startMs;
  for (;;) {
    const answer = await (await fetch(url, { method: 'POST', headers, body })).text();
    if (answer.includes('"name":"echo"')) return;
    if (performance.now() > until) throw new Error(`the gateway server does not serve the echo server: ${answer.slice(0, 300)}`);
    await delay(50);
  }
}
