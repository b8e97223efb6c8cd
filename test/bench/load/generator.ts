// The load generator: a process of its own, one for each target. It opens the way to the target, then runs one cell at a time as main.ts says.
// Flow: { open } -> { opened, pid? }, then { cell, roots } -> { measured } …; any failure -> { failed }. It ends when its parent goes.
import { z } from 'zod';
import { Drive } from '../target.ts';
import { openHttp } from './http.ts';
import { openLine } from './line.ts';
import { measure, sent } from './loop.ts';
import { measureOpen } from './open-loop.ts';
import { restOf } from './rest.ts';
import { Cell, Measurement } from './window.ts';
import type { Wire } from './wire.ts';

export const Order = z.discriminatedUnion('type', [
  z.object({ type: z.literal('open'), drive: Drive }),
  z.object({ type: z.literal('cell'), cell: Cell, roots: z.array(z.number()) }),
  z.object({ type: z.literal('close') }),
]);
export type Order = z.infer<typeof Order>;

export const Report = z.discriminatedUnion('type', [
  /** `pid`: the program that the generator started, whose CPU counts. */
  z.object({ type: z.literal('opened'), pid: z.number().optional() }),
  z.object({ type: z.literal('measured'), measurement: Measurement }),
  z.object({ type: z.literal('failed'), reason: z.string() }),
]);
export type Report = z.infer<typeof Report>;

const openMs = 60_000;
let wire: Wire | undefined;
let ownPid: number | undefined;

if (process.send !== undefined) {
  process.on('message', (message) => void follow(message));
  process.once('disconnect', () => void end());
  // The terminal's Ctrl-C reaches this process too: the parent decides.
  process.on('SIGINT', () => undefined);
}

async function follow(message: unknown): Promise<void> {
  try {
    const order = Order.parse(message);
    if (order.type === 'close') await end();
    else if (order.type === 'open') report(await open(order.drive));
    else report(await run(order.cell, order.roots));
  } catch (error) {
    report({ type: 'failed', reason: error instanceof Error ? error.message : String(error) });
  }
}

async function open(drive: Drive): Promise<Report> {
  const opening = new AbortController();
  const timer = setTimeout(() => opening.abort(new Error(`no answer to initialize within ${openMs / 1000} s`)), openMs);
  try {
    if (drive.kind === 'http') {
      wire = await openHttp(drive, opening.signal);
      return { type: 'opened' };
    }
    const line = await openLine(drive, opening.signal);
    wire = line.wire;
    ownPid = line.pid;
    return { type: 'opened', pid: line.pid };
  } finally {
    clearTimeout(timer);
  }
}

async function run(cell: Cell, roots: readonly number[]): Promise<Report> {
  if (wire === undefined) throw new Error('a cell before the target is open');
  const all = ownPid === undefined ? roots : [...roots, ownPid];
  const { ratePerSecond } = cell;
  const isOpen = ratePerSecond !== undefined;
  const before = sent();
  const measurement = await (isOpen ? measureOpen(wire, { ...cell, ratePerSecond }, all) : measure(wire, cell, all));
  const laterCpuMs = (await restOf(all)) / (sent() - before);
  return { type: 'measured', measurement: { ...measurement, cpuMs: measurement.cpuMs + laterCpuMs, laterCpuMs } };
}

function report(what: Report): void {
  process.send?.(what);
}

async function end(): Promise<void> {
  await wire?.close();
  process.exit(0);
}
