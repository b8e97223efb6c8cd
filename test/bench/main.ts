// `npm run bench`: the product beside what the machine can do (direct, floor) and what people use today (chain), in one interleaved run.
// It prints and never asserts a time; it fails only when the run proves nothing (wrong answers, a floor that is too slow).
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { judge, largeBytes, smallBytes, voidReasons } from './goal.ts';
import { keyOf, openRow, type Row } from './row.ts';
import { renderCell, renderVerdicts } from './table.ts';
import { chainTarget } from './target/chain.ts';
import { directTarget } from './target/direct.ts';
import { drawbridgeTargets } from './target/drawbridge.ts';
import { floorTarget } from './target/floor.ts';
import type { Target } from './target.ts';

const usage = `npm run bench -- [--callers 1,16] [--payload ${smallBytes},${largeBytes}] [--seconds 2] [--rounds 3] [--only floor,chain] [--json FILE] [--profile DIR]`;
const warmMs = 400;
const longWarmMs = 2000;

const { values } = parseArgs({
  options: {
    callers: { type: 'string', default: '1,16' },
    payload: { type: 'string', default: `${smallBytes},${largeBytes}` },
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    json: { type: 'string' },
    profile: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const callers = numbers(values.callers);
const cells = numbers(values.payload).flatMap((payloadBytes) => callers.map((count) => ({ callers: count, payloadBytes })));
const [seconds] = numbers(values.seconds);
const [rounds] = numbers(values.rounds);
if (values.help || seconds === undefined || rounds === undefined || cells.length === 0) {
  process.stdout.write(`${usage}\n`);
  process.exit(values.help ? 0 : 2);
}

const tempDir = await mkdtemp(join(tmpdir(), 'drawbridge-bench-'));
const rows: Row[] = [];
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
try {
  for (const target of targets()) {
    if (interrupted.signal.aborted) break;
    say(`starting ${target.name} …`);
    const row = await openRow(target);
    rows.push(row);
    const reason = row.failed.get('start');
    if (reason !== undefined) say(`  it can't be measured: ${reason}`);
  }
  await runRounds(rounds, seconds * 1000);
} finally {
  for (const row of rows.toReversed()) await row.close();
  await rm(tempDir, { recursive: true, force: true });
}
process.exitCode = interrupted.signal.aborted ? 130 : await conclude();

/** Rounds of cells of targets: what is compared is measured within seconds of each other. */
async function runRounds(count: number, ms: number): Promise<void> {
  // Compiled code first, or the first rows of the first round would measure the compiler.
  const busiest = Math.max(...callers);
  await runCells(
    cells.filter((cell) => cell.callers === busiest),
    'warming up',
    { warmMs: longWarmMs, ms: warmMs },
    false,
  );
  for (let round = 1; round <= count; round++) await runCells(cells, `round ${round} of ${count}`, { warmMs, ms }, true);
}

async function runCells(
  which: typeof cells,
  what: string,
  times: { warmMs: number; ms: number },
  isKept: boolean,
): Promise<void> {
  for (const cell of which) {
    say(`${what}: ${keyOf(cell)}`);
    for (const row of rows) if (!interrupted.signal.aborted) await row.run({ ...cell, ...times }, isKept);
  }
}

async function conclude(): Promise<number> {
  const machine = { node: process.version, platform: process.platform, cores: availableParallelism() };
  const verdicts = judge(rows, cells);
  const reasons = voidReasons(rows);
  const about = `Node ${machine.node}, ${machine.cores} cores, loopback; ${rounds} rounds of ${seconds} s a cell, interleaved; medians of the quiet rounds`;
  const tables = cells.map((cell) => renderCell(cell, rows));
  const failures = rows.flatMap((row) => [...row.failed].map(([key, reason]) => `${row.name} (${key}): ${reason}`));
  const wrong = rows.flatMap((row) =>
    [...row.measured.values()]
      .flat()
      .flatMap(({ firstError }) => firstError ?? [])
      .slice(0, 1)
      .map((text) => `${row.name}: ${text}`),
  );
  const end = reasons.length === 0 ? '' : `The run is VOID: ${reasons.join('; ')}`;
  const parts = [about, ...tables, renderVerdicts(verdicts), ...failures, ...wrong, end].filter((part) => part !== '');
  process.stdout.write(`\n${parts.join('\n\n')}\n`);
  if (values.json !== undefined) {
    const result = { version: 1, machine, seconds, rounds, voidReasons: reasons, verdicts, rows: rows.map(plain) };
    await writeFile(values.json, `${JSON.stringify(result, undefined, 2)}\n`);
  }
  return reasons.length === 0 ? 0 : 1;
}

function plain({ name, measured, failed }: Row): object {
  return { name, cells: Object.fromEntries(measured), failed: Object.fromEntries(failed) };
}

function targets(): readonly Target[] {
  const node = process.execPath;
  const echoServer = fileURLToPath(new URL('./echo-server.ts', import.meta.url));
  const cacheDir = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'drawbridge-bench');
  const env = { PATH: process.env['PATH'] ?? '', HOME: homedir() };
  // for a look inside, not for figures: every Node process of the floor and of the product writes a CPU profile at its end
  const profiling = values.profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${resolve(values.profile)}` };
  const measuredEnv = { ...env, ...profiling };
  const all = [
    directTarget(node, echoServer),
    floorTarget({ node, echoServer, env: measuredEnv }),
    chainTarget({ node, echoServer, cacheDir, tempDir, env, installEnv: process.env }),
    ...drawbridgeTargets({ node, echoServer, tempDir, env: measuredEnv }),
  ];
  const only = values.only?.split(',');
  return only === undefined ? all : all.filter(({ name }) => only.some((part) => name.includes(part)));
}

function numbers(list: string): readonly number[] {
  const parsed = list.split(',').map(Number);
  return parsed.every((number) => number > 0) ? parsed : [];
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
