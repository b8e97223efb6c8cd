// `npm run bench -- policy`: what policy and rules cost in one call, in this process: to be allowed among 10,000 tools with 200 rules in force, by name and by
// conditions, ten thousand patterns beside a hundred, and 64 KB through ten. It prints ratios and verdicts and asserts no time: they hold for one machine.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { z } from 'zod';
import { newId, Slug, UserId } from '#contract/id.ts';
import { PolicyFile } from '#contract/policy.ts';
import type { AllowedCall, Identified, SeenItem } from '../../gateway/call.ts';
import { readMessage, type RequestMessage } from '../../gateway/mcp/jsonrpc.ts';
import { membersOf, type Span } from '../../gateway/mcp/span.ts';
import { createScreen } from '../../gateway/pipeline/screen.ts';
import { resolve } from '../../gateway/pipeline/resolve.ts';
import { compile, type Snapshot } from '../../gateway/policy/compile.ts';
import { decide, enter } from '../../gateway/policy/decide.ts';
import { compilePins } from '../../gateway/policy/pins.ts';
import { type Chain, compileRules, type GatewayRules } from '../../gateway/rule/compile.ts';
import type { Engines } from '../../gateway/rule/engine.ts';
import { inspect } from '../../gateway/rule/inspect.ts';
import { compileDepsOf } from '../../gateway/rule/loading.ts';
import { appendBatched, insertAlone } from './audit/append.ts';
import { smallBytes } from './cell.ts';
import { firstId, templateOf, writeId } from './load/echo.ts';
import { mixedRules, patternRules } from './rules.ts';

const tools = 10_000;
const rounds = 15;
const words =
  'the report of quarterly revenue 2024 for customer orders 4711 in region north-12 with notes of 10:30 from the team (see 3.2.1) about 17 open items and next steps'.split(
    ' ',
  );
const compileDeps = compileDepsOf(Buffer.alloc(32));
const noEngines: Engines = { judge: () => Promise.reject(new Error('none')), analyze: () => Promise.reject(new Error('none')) };
const signal = new AbortController().signal;

const listed = Array.from({ length: tools }, (_, index) => `tool-${index}`);
/** As many as an assignment may have; the last one fits. */
const conditions = Array.from({ length: 100 }, (_, index) => ({
  if: { name: `${index < 99 ? `x${index}` : ''}*-7*`, readOnlyHint: true },
}));

function policyWith(rules: readonly object[], exposed: readonly (string | object)[] = listed): PolicyFile {
  return PolicyFile.parse({
    version: 1,
    users: { ada: { email: 'ada@example.org', teams: ['eng'] } },
    teams: { eng: { gateways: ['main'] } },
    servers: { notes: { kind: 'workstation' } },
    gateways: { main: { assignments: { notes: { tools: exposed } }, rules } },
  });
}

function text(length: number): string {
  let made = '';
  for (let index = 0; made.length < length; index++) made += `${words[(index * 7 + (index % 5)) % words.length] ?? ''} `;
  return made.slice(0, length);
}

function call(payload: string): { readonly body: Buffer; readonly message: RequestMessage } {
  const params = { name: 'notes__tool-77', arguments: { text: payload, id: 42 } };
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }));
  const message = readMessage(body);
  if (message.kind !== 'request') throw new Error('no request');
  return { body, message };
}

/** Request and answer of the load's own calls, as the gateway server has them: fresh bytes each, with another number in each text. */
function screening(snapshot: Snapshot, allowed: AllowedCall): () => void {
  const screen = createScreen({
    inForce: { current: () => snapshot, onChange: () => () => undefined, close: () => undefined },
    engines: noEngines,
    recorder: { append: () => Promise.reject(new Error('none')), close: () => Promise.resolve() },
    logger: pino({ level: 'warn' }),
    onDropped: () => undefined,
  });
  const template = templateOf(smallBytes, 'session');
  const messages = Array.from({ length: 512 }, (_, index) => {
    const body = Buffer.from(template.bytes);
    writeId(body, template, firstId + index * 7919, 0);
    const message = readMessage(body);
    if (message.kind !== 'request') throw new Error('no request');
    const { arguments: given } = CallParams.parse(message.params.value);
    const answer = Buffer.from(
      JSON.stringify({ jsonrpc: '2.0', id: message.id, result: { content: [{ type: 'text', text: given.text }] } }),
    );
    const answered = readMessage(answer);
    if (answered.kind !== 'response') throw new Error('no response');
    return { call: { ...allowed, body }, message, reply: { body: answer, message: answered } };
  });
  let next = 0;
  return () => {
    const one = messages[next++ % messages.length];
    if (!one) throw new Error('no message');
    const isChanged = screen.request(one.call, one.message, signal) ?? screen.reply(one.call, one.reply, signal);
    if (isChanged) throw new Error('something was found where nothing is');
  };
}

const CallParams = z.looseObject({ arguments: z.object({ text: z.string() }) });

function inspectIn(chain: Chain, on: 'request' | 'response', body: Buffer, span: Span): void {
  const done = inspect(
    chain,
    {
      on,
      scope: 'tools',
      part: on === 'request' ? 'params' : 'result',
      body,
      span,
      metadata: () => ({}),
      relocate: () => undefined,
    },
    noEngines,
    signal,
  );
  if (done instanceof Promise || done.kind !== 'passed') throw new Error('something was found where nothing is');
}

function chainFor(rules: GatewayRules | undefined, on: 'request' | 'response'): Chain {
  const chain = rules?.chain(on, 'tools');
  if (!chain) throw new Error('there are no rules');
  return chain;
}

/** Microseconds of this thread for one: what others do on the machine is not in them. */
function measure(run: () => void, times: number): number {
  const began = process.threadCpuUsage();
  for (let time = 0; time < times; time++) run();
  const { user, system } = process.threadCpuUsage(began);
  return (user + system) / times;
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

export async function benchPolicy(): Promise<void> {
  const policy = policyWith(mixedRules(200));
  const ids = { users: { ada: newId() }, teams: {}, servers: { notes: newId() }, gateways: { main: newId() }, assignments: {} };
  const snapshot = compile({ policy, ids, offers: [], approvals: [], rules: await compileRules(policy, compileDeps) });
  const { body, message } = call(text(150));
  const main = Slug.parse('main');
  const user = { id: UserId.parse(ids.users.ada), slug: Slug.parse('ada') };
  const request: Identified = {
    era: 'legacy',
    method: 'tools/call',
    target: { gateway: main, server: undefined },
    body,
    caller: { user, host: 'bench', token: null, gateway: main, via: 'http', workstation: null },
    conversation: 'c',
    arrivedAt: { monotonic: 0, wall: 0 },
  };
  const paramsSpan = message.params.span;
  if (!paramsSpan) throw new Error('a message without its part');

  const assignment = newId();
  const pins = compilePins(
    listed.map((name) => ({
      assignment,
      kind: 'tools',
      name,
      hash: `hash of ${name}`,
      body: 'b',
      hints: { readOnlyHint: true },
      state: 'accepted',
      decidedAt: null,
    })),
  );
  const byCondition = compile({
    policy: policyWith([], conditions),
    ids: { ...ids, assignments: { 'main/notes': assignment } },
    offers: [],
    approvals: [],
    pins,
  });
  function decidedIn(of: Snapshot, seen: SeenItem | undefined): AllowedCall {
    const entered = enter(of, request.caller, 'main');
    if (!('assignments' in entered)) throw entered;
    const found = resolve(entered, request, { kind: 'tools', name: 'notes__tool-77' });
    const decision = decide(of, { ...request, ...found, seen });
    if (decision.kind !== 'allowed') throw decision.fault;
    return decision.call;
  }
  const seen: SeenItem = { kind: 'tools', name: 'tool-77', definition: 'hash of tool-77' };

  const hundred = chainFor((await compileRules(policyWith(patternRules(100, 5)), compileDeps)).get('main'), 'request');
  const began = performance.now();
  const many = chainFor((await compileRules(policyWith(patternRules(10_000, 5)), compileDeps)).get('main'), 'request');
  const compiledMs = performance.now() - began;
  const ten = chainFor((await compileRules(policyWith(scanRules), compileDeps)).get('main'), 'response');
  const large = Buffer.from(`{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"${text(65_536)}"}]}}`);
  const largeSpan = membersOf(large, 0).find(({ key }) => key === 'result')?.value ?? paramsSpan;

  const rows = {
    decide: () => void decidedIn(snapshot, undefined),
    'decide by conditions': () => void decidedIn(byCondition, seen),
    inspect: screening(snapshot, decidedIn(snapshot, undefined)),
    'patterns 100': () => inspectIn(hundred, 'request', body, paramsSpan),
    'patterns 10000': () => inspectIn(many, 'request', body, paramsSpan),
    'scan 64 KB': () => inspectIn(ten, 'response', large, largeSpan),
  };
  /** So often that the clock of the thread, which is coarse, tells. */
  const timesOf: Record<keyof typeof rows, number> = {
    decide: 200_000,
    'decide by conditions': 50_000,
    inspect: 5000,
    'patterns 100': 15_000,
    'patterns 10000': 15_000,
    'scan 64 KB': 300,
  };
  const figures = new Map<string, number[]>();
  const times = (name: string) => Object.entries(timesOf).find(([one]) => one === name)?.[1] ?? 1000;
  for (const [name, run] of Object.entries(rows)) {
    measure(run, times(name));
    figures.set(name, []);
  }
  for (let round = 0; round < rounds; round++)
    for (const [name, run] of Object.entries(rows)) figures.get(name)?.push(measure(run, times(name)));
  const of = (name: keyof typeof rows) => medianOf(figures.get(name) ?? []);

  const path = of('decide') + of('inspect');
  const ratio = of('patterns 10000') / of('patterns 100');
  const scanMs = of('scan 64 KB') / 1000;
  const verdict = (isMet: boolean) => (isMet ? 'met' : 'MISSED');
  say(
    `policy path, 200 rules, ${tools} tools: ${path.toFixed(2)} us a call (decide ${of('decide').toFixed(2)}, rules both ways ${of('inspect').toFixed(2)})   goal 15: ${verdict(path <= 15)}`,
  );
  say(
    `by ${conditions.length} conditions, ${tools} pinned tools: ${(of('decide by conditions') + of('inspect')).toFixed(2)} us a call (decide ${of('decide by conditions').toFixed(2)})   goal 15: ${verdict(of('decide by conditions') + of('inspect') <= 15)}`,
  );
  say(
    `patterns, 10,000 beside 100: ${of('patterns 10000').toFixed(2)} us and ${of('patterns 100').toFixed(2)} us a message: x ${ratio.toFixed(2)}   goal 1.5: ${verdict(ratio <= 1.5)}`,
  );
  say(`64 KB, 10 patterns: ${scanMs.toFixed(3)} ms a direction   goal 0.35: ${verdict(scanMs <= 0.35)}`);
  say(`compiling 10,000 rules: ${compiledMs.toFixed(0)} ms; medians of ${rounds} interleaved rounds`);
  const audit = await auditCost();
  say(
    `audit, batched, synchronous=FULL: ${audit.each.toFixed(2)} us of CPU a record (SQLite alone, in hundreds: ${audit.alone.toFixed(2)})   goal 3: ${verdict(audit.each <= 3)}`,
  );
}

/** What a record costs from its object to the disk, and what of that the database takes alone. */
async function auditCost(): Promise<{ readonly each: number; readonly alone: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'drawbridge-bench-policy-'));
  try {
    const appended = await appendBatched(folder, pino({ level: 'warn' }), 3);
    return { each: medianOf(appended.map(({ cpuMicroseconds }) => cpuMicroseconds)), alone: insertAlone(folder) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Six with a fixed text, four without. */
const scanRules = [
  '\\d{3}-\\d{2}-\\d{4}',
  'strictly confidential',
  'AKIA[0-9A-Z]{16}',
  '\\bPROJ-\\d+\\b',
  '[A-Z]{2}\\d{6}',
  'ghp_[A-Za-z0-9]{36}',
  'internal use only',
  '\\b\\d{16}\\b',
  'password\\s*=\\s*\\S+',
  'x{5,10}y',
].map((pattern, index) => ({ name: `scan-${index}`, method: 'pattern', patterns: [pattern], action: 'redact' }));

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
