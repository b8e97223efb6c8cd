// `npm run bench`: the product beside what the machine can do (direct, floor) and what people use today (others, chain), in one interleaved run; then
// what is idle and how things start. It prints and never asserts a time; it fails only when the run proves nothing (wrong answers, a floor that is too slow).
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyOf, largeBytes, smallBytes, type CellName } from './cell.ts';
import { createDisk } from './disk.ts';
import { measureSessions } from './idle/session.ts';
import { measureTunnels } from './idle/tunnel.ts';
import { churn, type Churn } from './leak/churn.ts';
import { planOf, usage, type Plan } from './plan.ts';
import type { Reading, ReadingName } from './reading.ts';
import { benchPolicy } from './policy.ts';
import { conclude } from './report.ts';
import { openRow, reasonOf, type Row } from './row.ts';
import { measureStarts } from './start.ts';
import { createStolen } from './stolen.ts';
import { surroundings, targetsOf } from './targets.ts';

const warmMs = 400;
/** Of each row before the first round: servers run for days, and V8 takes seconds to compile what is called often. */
const longWarmMs = 5000;
/** Of a cell whose calls are large, and so fewer a second: after 5 s of 64 KB a quarter of the gateway server's CPU was still V8's compilers. */
const longWarmLargeMs = 12_000;
/** A lone caller, or a thousand calls a second, leave a target's code half compiled for minutes, and compiling it beside them is what would be measured. */
const fullyWarm: CellName = { callers: 16, payloadBytes: smallBytes };
const openLoopMs = 3000;

if (process.argv[2] === 'policy') {
  await benchPolicy();
  process.exit();
}
const plan = planOf(process.argv.slice(2));
if (plan === undefined) {
  process.stdout.write(`${usage}\n`);
  process.exit(process.argv.includes('--help') ? 0 : 2);
}
const tempDir = await mkdtemp(join(tmpdir(), 'drawbridge-bench-'));
const rows: Row[] = [];
const readings = new Map<ReadingName, Reading>();
const failures: string[] = [];
let leak: Churn | undefined;
const interrupted = new AbortController();
// Each time: `timeout` signals its child and then its group, and a second one must not end the bench before its programs are.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort());
try {
  if (plan.cells.length > 0) await runCalls(plan);
  await runOnce(plan);
} finally {
  await closeRows();
  await rm(tempDir, { recursive: true, force: true });
}
process.exitCode = interrupted.signal.aborted ? 130 : await conclude({ plan, rows, readings, failures, leak });

async function runCalls(of: Plan): Promise<void> {
  for (const target of targetsOf(of, tempDir)) {
    if (interrupted.signal.aborted) return;
    say(`starting ${target.name} …`);
    const row = await openRow(target);
    rows.push(row);
    const reason = row.failed.get('start');
    if (reason !== undefined) say(`  it can't be measured: ${reason}`);
  }
  // Compiled code first, or the first rows of the first round would measure the compiler.
  const busiest = Math.max(...of.cells.map(({ callers, ratePerSecond }) => (ratePerSecond === undefined ? callers : 0)));
  const warming = of.cells.filter(({ callers, ratePerSecond }) => ratePerSecond === undefined && callers === busiest);
  for (const cell of busiest < fullyWarm.callers ? [fullyWarm, ...warming] : warming)
    await runCells(
      [cell],
      'warming up',
      { warmMs: cell.payloadBytes < largeBytes ? longWarmMs : longWarmLargeMs, ms: warmMs },
      false,
    );
  const ms = of.seconds * 1000;
  const disk = createDisk();
  const stolen = createStolen();
  for (let round = 1; round <= of.rounds && !interrupted.signal.aborted; round++) {
    await stolen.during(() => runCells(of.cells, `round ${round} of ${of.rounds}`, { warmMs, ms }, true));
    await disk.look(tempDir);
  }
  for (const [name, reading] of [...disk.readings(), ...stolen.readings()]) readings.set(name, reading);
  await closeRows();
}

/** What is compared is measured within seconds of each other. */
async function runCells(
  which: readonly CellName[],
  what: string,
  times: { warmMs: number; ms: number },
  isKept: boolean,
): Promise<void> {
  for (const cell of which) {
    say(`${what}: ${keyOf(cell)}`);
    const ms = cell.ratePerSecond === undefined ? times.ms : Math.max(times.ms, openLoopMs);
    for (const row of rows) if (!interrupted.signal.aborted) await row.run({ ...cell, ...times, ms }, isKept);
  }
}

/** The rows' programs are gone by then: nothing else of the bench runs meanwhile. */
async function runOnce(of: Plan): Promise<void> {
  const options = async (name: string) => {
    const folder = join(tempDir, name);
    await mkdir(folder);
    return { ...surroundings(of, folder) };
  };
  const tunnels = async (isTls: boolean) =>
    measureTunnels({ ...(await options(isTls ? 'tls' : 'tunnels')), count: of.tunnels, isTls });
  if (of.parts.has('tunnels')) await once(`${of.tunnels} idle tunnels`, () => tunnels(false));
  if (of.parts.has('tunnels') && of.isWhole) await once(`${of.tunnels} idle tunnels with TLS`, () => tunnels(true));
  if (of.parts.has('sessions'))
    await once(`${of.sessions} idle sessions`, async () =>
      measureSessions({ ...(await options('sessions')), count: of.sessions }),
    );
  if (of.parts.has('leak'))
    await once(`${of.leakSessions} short sessions`, async () => {
      leak = await churn({
        ...(await options('leak')),
        count: of.leakSessions,
        withinMs: of.minutes * 60_000,
        say,
        signal: interrupted.signal,
      });
      return [];
    });
  if (of.parts.has('starts')) await once('starts', async () => measureStarts(await options('starts')));
}

async function once(what: string, measure: () => Promise<readonly (readonly [ReadingName, Reading])[]>): Promise<void> {
  if (interrupted.signal.aborted) return;
  say(what);
  try {
    for (const [name, reading] of await measure()) readings.set(name, reading);
  } catch (error) {
    failures.push(`${what}: ${reasonOf(error)}`);
  }
}

async function closeRows(): Promise<void> {
  for (const row of rows.toReversed()) await row.close();
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
