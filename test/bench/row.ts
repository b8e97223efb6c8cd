// One target in a run: its processes, its load generator, and what was measured of it, cell by cell and round by round.
// A target that can't start, or a cell that fails, is shown with its reason; it never stops the other rows.
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Report, type Order } from './load/generator.ts';
import type { Cell, Measurement } from './load/window.ts';
import type { Running, Target } from './target.ts';
import { keyOf, type CellName } from './cell.ts';

const generatorFile = fileURLToPath(new URL('./load/generator.ts', import.meta.url));

export interface Row {
  readonly name: string;
  readonly measures: (cell: CellName) => boolean;
  /** By cell, see keyOf; one measurement a round. */
  readonly measured: Map<string, Measurement[]>;
  /** By cell, or `start` for the whole row: why there is nothing. */
  readonly failed: Map<string, string>;
  /** Measures the cell once more. `isKept: false`: only to get warm. */
  run(cell: Cell, isKept: boolean): Promise<void>;
  close(): Promise<void>;
}

/** Starts the target. A target that rejects becomes a row that says why. */
export async function openRow(target: Target): Promise<Row> {
  const measured = new Map<string, Measurement[]>();
  const failed = new Map<string, string>();
  let running: Running | undefined;
  let generator: ChildProcess | undefined;

  const close = async (): Promise<void> => {
    await closeGenerator(generator);
    generator = undefined;
    await running?.close();
    running = undefined;
  };
  try {
    running = await target.start();
    generator = await openGenerator(running);
  } catch (error) {
    failed.set('start', reasonOf(error));
    await close();
  }
  return {
    name: target.name,
    measures: target.measures ?? (() => true),
    measured,
    failed,
    async run(cell, isKept) {
      const key = keyOf(cell);
      if (running === undefined || failed.has(key) || !(target.measures?.(cell) ?? true)) return;
      try {
        generator ??= await openGenerator(running);
        const report = await ask(generator, { type: 'cell', cell, roots: [...running.roots] });
        if (report.type !== 'measured') throw new Error(report.type === 'failed' ? report.reason : report.type);
        if (isKept) measured.set(key, [...(measured.get(key) ?? []), report.measurement]);
        if ((report.measurement.missed ?? 0) === 0) return;
        await closeGenerator(generator); // answers to what was missed may still come
        generator = undefined;
      } catch (error) {
        failed.set(key, reasonOf(error));
        await closeGenerator(generator); // answers may still be on their way: the next cell gets a fresh one
        generator = undefined;
      }
    },
    close,
  };
}

async function openGenerator({ drive }: Running): Promise<ChildProcess> {
  const generator = fork(generatorFile, { serialization: 'json' });
  const report = await ask(generator, { type: 'open', drive });
  if (report.type === 'opened') return generator;
  await closeGenerator(generator);
  throw new Error(report.type === 'failed' ? report.reason : report.type);
}

async function closeGenerator(generator: ChildProcess | undefined): Promise<void> {
  // Where the bench is ended from outside, it may have been ended too.
  if (generator === undefined || generator.exitCode !== null || generator.signalCode !== null) return;
  const exited = new Promise((resolve) => generator.once('exit', resolve));
  if (generator.connected) generator.disconnect();
  await exited;
}

/** One order, one report. The generator has its own deadlines. */
function ask(generator: ChildProcess, order: Order): Promise<Report> {
  const { promise, resolve, reject } = Promise.withResolvers<Report>();
  const onMessage = (message: unknown): void => resolve(Report.parse(message));
  const onExit = (code: number | null): void => reject(new Error(`the load generator ended (${code})`));
  generator.once('message', onMessage);
  generator.once('exit', onExit);
  generator.send(order);
  return promise.finally(() => {
    generator.off('message', onMessage);
    generator.off('exit', onExit);
  });
}

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
