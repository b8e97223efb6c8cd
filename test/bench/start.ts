// Starts: the gateway server on data that is there already, and the agent of an enrolled device until the first call through its tunnel. The agent is measured as
// it is packaged (its own Node, one bundle: what build/package/runtime.ts makes) and from its sources; its local server is plain JavaScript, as servers ship.
// The start of Node itself is measured in turn with them: their ratio to it holds on other machines too. What was compiled and hashed by the start before counts.
import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { makeRuntime } from '../../build/package/runtime.ts';
import { runProgram } from './program.ts';
import type { Reading, ReadingName } from './reading.ts';
import { median } from './summary.ts';
import { ask } from './target/ask.ts';
import { startGateway } from './target/gateway.ts';
import { startProduct, type BridgeProgram, type Product, type ProductOptions } from './target/product.ts';

const times = 5;
const withinMs = 20_000;
const pollMs = 4;
const root = fileURLToPath(new URL('../..', import.meta.url));

interface Round {
  readonly node: number;
  readonly server: number;
  readonly listening: number;
  readonly packaged: number;
  readonly sources: number;
}

export async function measureStarts(given: ProductOptions): Promise<readonly (readonly [ReadingName, Reading])[]> {
  const options = { ...given, echoServer: await scriptOf(given) };
  const packaged = await packagedBridge(options);
  const product = await startProduct(options);
  await product.close();
  const rounds: Round[] = [];
  // the first one compiles and hashes
  for (let i = 0; i <= times; i++) rounds.push(await startOnce(options, product, packaged));
  const measured = rounds.slice(1);
  const of = (figure: (round: Round) => number): number => median(measured.map(figure));
  const note = `node -e 0: ${of(({ node }) => node).toFixed(0)} ms, medians of ${times}`;
  return [
    ['listeningMs', { value: of(({ listening }) => listening), note }],
    ['listeningOfNode', { value: of(({ listening, node }) => listening / node) }],
    ['firstCallMs', { value: of((round) => round.packaged), note }],
    ['firstCallOfNode', { value: of((round) => round.packaged / round.node) }],
    ['sourceCallMs', { value: of(({ sources }) => sources), note }],
    ['serverMs', { value: of(({ server }) => server), note }],
  ];
}

async function startOnce(options: ProductOptions, product: Product, packaged: BridgeProgram): Promise<Round> {
  const { node, env } = options;
  const { gateway, dataDir, serverUrl, token } = product;
  const nodeMs = await timed(() => runProgram({ file: node, args: ['-e', '0'], env }, withinMs));
  const serverMs = await answeredIn(options);
  const began = performance.now();
  const again = await startGateway({ node, env, dataDir, port: Number(new URL(gateway.url).port) });
  const listening = performance.now() - began;
  try {
    await ask(serverUrl, token, 'tools/list'); // the route is compiled, and the connection stands
    const firstCall = async (program?: BridgeProgram): Promise<number> => {
      const since = performance.now();
      const agent = product.startAgent(program);
      try {
        await untilAnswered(serverUrl, token);
        return performance.now() - since;
      } finally {
        await agent.close();
      }
    };
    return {
      node: nodeMs,
      server: serverMs,
      listening,
      packaged: await firstCall(packaged),
      sources: await firstCall(),
    };
  } finally {
    await again.close();
  }
}

async function packagedBridge({ tempDir, node }: ProductOptions): Promise<BridgeProgram> {
  const { platform, arch } = process;
  if (platform !== 'linux' && platform !== 'darwin') throw new Error(`the bridge is not packaged here for ${platform}`);
  if (arch !== 'x64' && arch !== 'arm64') throw new Error(`the bridge is not packaged for ${arch}`);
  const folder = join(tempDir, 'bridge');
  await makeRuntime({ root, folder, version: '0.0.0', target: { platform, arch }, node });
  return { node: join(folder, 'bin/node'), cli: join(folder, 'program/launch.mjs') };
}

/** The echo server without its types: no user's Node strips them. */
async function scriptOf({ echoServer, tempDir }: ProductOptions): Promise<string> {
  await mkdir(tempDir, { recursive: true });
  const file = join(tempDir, 'echo-server.mjs');
  await writeFile(file, stripTypeScriptTypes(await readFile(echoServer, 'utf8')));
  return file;
}

/** How long a local server takes from its start over all that it is asked before and with the first call. */
async function answeredIn({ node, echoServer, env }: ProductOptions): Promise<number> {
  const began = performance.now();
  const child = spawn(node, [echoServer], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const lines = createInterface({ input: child.stdout });
  try {
    const next = lines[Symbol.asyncIterator]();
    let answer = '';
    for (const method of ['server/discover', 'initialize', 'tools/call']) {
      child.stdin.write(
        `${JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { name: 'echo', arguments: { text: 'here' } } })}\n`,
      );
      answer = String((await next.next()).value);
    }
    if (!answer.includes('"text":"here"')) throw new Error(`the echo server answered ${answer}`);
    return performance.now() - began;
  } finally {
    child.stdin.end();
    await ended;
  }
}

async function untilAnswered(url: string, token: string): Promise<void> {
  for (const until = performance.now() + withinMs; ;) {
    const answer = await ask(url, token, 'tools/call');
    if (answer.includes('"text":"here"')) return;
    if (performance.now() > until) throw new Error(`no call was answered: ${answer.slice(0, 300)}`);
    await delay(pollMs);
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
