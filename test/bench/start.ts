// Starts: the gateway server on data that is there already, and the agent of an enrolled device until the first call through its tunnel.
// The start of Node itself is measured in turn with them: their ratio to it holds on other machines too.
import { setTimeout as delay } from 'node:timers/promises';
import { runProgram } from './program.ts';
import type { Reading, ReadingName } from './reading.ts';
import { median } from './summary.ts';
import { ask } from './target/ask.ts';
import { startGateway } from './target/gateway.ts';
import { startProduct, type Product, type ProductOptions } from './target/product.ts';

const times = 5;
const withinMs = 20_000;
const pollMs = 4;

export async function measureStarts(options: ProductOptions): Promise<readonly (readonly [ReadingName, Reading])[]> {
  const product = await startProduct(options);
  await product.close();
  const rounds: { node: number; listening: number; firstCall: number }[] = [];
  for (let i = 0; i < times; i++) rounds.push(await startOnce(options, product));
  const node = median(rounds.map((round) => round.node));
  const [listening, firstCall] = [median(rounds.map((one) => one.listening)), median(rounds.map((one) => one.firstCall))];
  const note = `node -e 0: ${node.toFixed(0)} ms, medians of ${times}`;
  return [
    ['listeningMs', { value: listening, note }],
    ['listeningOfNode', { value: median(rounds.map((one) => one.listening / one.node)) }],
    ['firstCallMs', { value: firstCall, note }],
    ['firstCallOfNode', { value: median(rounds.map((one) => one.firstCall / one.node)) }],
  ];
}

async function startOnce(
  { node, env }: ProductOptions,
  { gateway, dataDir, serverUrl, token, startAgent }: Product,
): Promise<{ node: number; listening: number; firstCall: number }> {
  const nodeMs = await timed(() => runProgram({ file: node, args: ['-e', '0'], env }, withinMs));
  const began = performance.now();
  const again = await startGateway({ node, env, dataDir, port: Number(new URL(gateway.url).port) });
  const listeningMs = performance.now() - began;
  try {
    await ask(serverUrl, token, 'tools/list'); // the route is compiled, and the connection stands
    let agent: ReturnType<typeof startAgent> | undefined;
    try {
      const firstCallMs = await timed(async () => {
        agent = startAgent();
        await untilAnswered(serverUrl, token);
      });
      return { node: nodeMs, listening: listeningMs, firstCall: firstCallMs };
    } finally {
      await agent?.close();
    }
  } finally {
    await again.close();
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
