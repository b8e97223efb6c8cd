// Runs an open-loop cell: sends at a fixed rate over as many connections as the cell has callers. A call that finds none free waits here, and that counts.
// An answer that is not exactly right is an error, never a call. After calls were missed the wire is of no use: their answers may still come.
import { Worker } from 'node:worker_threads';
import { createAccount } from './account.ts';
import { templateOf } from './echo.ts';
import { nextId, probe } from './loop.ts';
import { metronomeFile, type Beat } from './metronome.ts';
import { createSchedule, quantile } from './schedule.ts';
import type { Cell, Windowed } from './window.ts';
import type { Reply, Wire } from './wire.ts';

/** A call that has no answer after this long is missed. */
const patienceMs = 1000;
/** Until the metronome's thread runs. */
const leadMs = 200;

export async function measureOpen(
  wire: Wire,
  cell: Cell & { readonly ratePerSecond: number },
  roots: readonly number[],
): Promise<Windowed> {
  const { ratePerSecond, warmMs, ms } = cell;
  await wire.prepare(cell.callers, templateOf(cell.payloadBytes, wire.era));
  await probe(wire);
  const startAt = performance.now() + leadMs;
  const schedule = createSchedule({ startAt, ratePerSecond, warmMs, ms, patienceMs });
  const free = Array.from({ length: cell.callers }, (_, caller) => caller);
  const pending = new Map<number, { readonly id: number; readonly dueAt: number }>();
  const waiting: number[] = [];
  const lateness: number[] = [];
  const finished = Promise.withResolvers<void>();
  const account = createAccount(roots);
  let isCounting = false;
  let errors = 0;
  let firstError: string | undefined;

  const sendWaiting = (): void => {
    while (waiting.length > 0 && free.length > 0) {
      const [caller, dueAt] = [free.pop(), waiting.shift()];
      if (caller === undefined || dueAt === undefined) break;
      const id = nextId();
      pending.set(caller, { id, dueAt });
      wire.send(caller, id);
    }
    wire.flush();
  };
  const onBeat = (): void => {
    const now = performance.now();
    if (!isCounting && now >= startAt + warmMs) {
      isCounting = true;
      account.begin();
    }
    for (const dueAt of schedule.due(now)) {
      lateness.push(now - dueAt);
      waiting.push(dueAt);
    }
    sendWaiting();
  };
  const take = ({ caller, id, isRight, excerpt, isRefused }: Reply, now: number): void => {
    if (isRefused) return finished.reject(new Error(`refused under this load: ${excerpt}`));
    const call = caller === undefined ? undefined : pending.get(caller);
    const isExpected = call !== undefined && call.id === id;
    if (!isRight || !isExpected) {
      errors++;
      firstError ??= excerpt ?? `an answer to call ${id}, which was not waiting`;
    }
    if (caller === undefined || !isExpected) return;
    if (isRight) schedule.answered(call.dueAt, now);
    pending.delete(caller);
    free.push(caller);
  };
  wire.onReplies = (replies) => {
    const now = performance.now();
    for (const reply of replies) take(reply, now);
    sendWaiting();
    if (schedule.isOver(now) && pending.size === 0 && waiting.length === 0) finished.resolve();
  };
  wire.onBroken = (reason) => finished.reject(new Error(reason));
  const everyMs = 1000 / ratePerSecond;
  const began = performance.timeOrigin + startAt;
  const workerData: Beat = { startAt: began, everyMs, untilMs: began + warmMs + ms };
  const metronome = new Worker(metronomeFile, { workerData });
  metronome.on('message', onBeat);
  metronome.once('error', finished.reject);
  const timer = setTimeout(finished.resolve, leadMs + warmMs + ms + 2 * patienceMs);
  try {
    await finished.promise;
  } finally {
    clearTimeout(timer);
    await metronome.terminate();
    wire.onReplies = () => undefined;
    wire.onBroken = () => undefined;
  }
  const { calls, missed, p50Ms, p99Ms } = schedule.result();
  const { serverCpuMs, ownCpuMs, foreignShare, lastedMs } = account.end();
  return {
    callsPerSecond: ((calls - missed) / lastedMs) * 1000,
    p50Ms,
    p99Ms,
    cpuMs: serverCpuMs / calls,
    generatorCpuMs: ownCpuMs / calls,
    foreignShare,
    calls: calls - missed,
    errors,
    missed,
    lateMs: quantile(
      lateness.toSorted((a, b) => a - b),
      0.99,
    ),
    ...(firstError === undefined ? {} : { firstError }),
  };
}
