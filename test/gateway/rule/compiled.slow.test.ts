// What V8 compiled for rules stays compiled where the heap is collected to keep it small. In a process of its own, which says what V8 throws away.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const urlOf = (file: string): string => JSON.stringify(fileURLToPath(new URL(file, import.meta.url)));
/** Shows messages to rules until they are compiled, has the heap collected as V8 does it after some quiet seconds, and says so. */
const program = `
  import { membersOf } from ${urlOf('../../../gateway/mcp/span.ts')};
  import { inspect } from ${urlOf('../../../gateway/rule/inspect.ts')};
  import { compileRules } from ${urlOf('../../../gateway/rule/compile.ts')};
  import { compileDeps, noEngines, policyWith } from ${urlOf('./stage.ts')};
  const rules = [
    { name: 'codes', method: 'pattern', patterns: ['[A-Z]{2}-x'], action: 'block' },
    { name: 'people', method: 'pii', action: 'block' },
    { name: 'size', method: 'limits', bytes: 100000, action: 'block' },
  ];
  const chain = (await compileRules(policyWith(rules), compileDeps)).get('eng').chain('request', 'tools');
  const body = Buffer.from(JSON.stringify({ params: { name: 'echo', arguments: { text: '123 and 4567891 of the words', id: 7 } } }));
  const span = membersOf(body, 0).find(({ key }) => key === 'params').value;
  const { signal } = new AbortController();
  const look = { on: 'request', scope: 'tools', part: 'params', body, span, metadata: () => ({}), relocate: () => undefined };
  for (let i = 0; i < 20000; i++) if (inspect(chain, look, noEngines, signal).kind !== 'passed') throw new Error('blocked');
  await new Promise((resolve) => setTimeout(resolve, 100));
  console.log('collecting');
  globalThis.gc({ type: 'major', flavor: 'last-resort' });
  // A gateway's rules are there as long as it is.
  globalThis.inForce = { chain, look };
`;

async function saidBy(code: string): Promise<string> {
  const args = ['--expose-gc', '--trace-opt', '--trace-deopt', '--input-type=module', '-e', code];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  return out;
}

test('rules stay compiled where the heap is collected between two messages', async () => {
  const [before = '', behind = ''] = (await saidBy(program)).split('collecting\n');
  expect(before).toMatch(/completed optimizing 0x\w+ <JSFunction #sift/);
  const thrownAway = behind.matchAll(/marking dependent code .*<SharedFunctionInfo (\S+)>.*weak objects cleared/g);
  const own = new Set([
    'inspect',
    'Run',
    'from',
    '#next',
    '#toAsk',
    '#walk',
    '#shown',
    '#sift',
    '#local',
    '#limits',
    '#result',
    'TimeBudget',
  ]);
  expect([...thrownAway].map(([, name = '']) => name).filter((name) => own.has(name))).toEqual([]);
});
