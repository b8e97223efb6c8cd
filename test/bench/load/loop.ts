// Closed loops: each caller sends its next call when its answer has come. An answer that is not exactly right is an error, never a call; a target that
// says no under a load has no figures for it, only its words.
import { firstId, templateOf } from './echo.ts';
import { createWindow, type Cell, type Windowed } from './window.ts';
import type { Reply, Wire } from './wire.ts';

/** After this long a call has no answer, and the cell fails. */
const answerMs = 20_000;
/** A first call that is refused or has no answer within this time: the target can't do this size. */
const probeMs = 10_000;
let lastId = firstId - 1;

/** Ids never come twice in a process: an answer that is late belongs to no other call. */
export function nextId(): number {
  return ++lastId;
}

/** Calls of this process so far. */
export function sent(): number {
  return lastId - firstId + 1;
}

/** One call before those that count: what a target refuses, it refuses here, with its own words. */
export async function probe(wire: Wire): Promise<void> {
  const answered = Promise.withResolvers<void>();
  const timer = setTimeout(() => answered.reject(new Error(`no answer within ${probeMs / 1000} s`)), probeMs);
  wire.onBroken = (reason) => answered.reject(new Error(reason));
  wire.onReplies = ([reply]) => {
    if (reply?.isRight === true) answered.resolve();
    else answered.reject(new Error(`refused: ${reply?.excerpt ?? 'an answer to another call'}`));
  };
  try {
    wire.send(0, nextId());
    wire.flush();
    await answered.promise;
  } finally {
    clearTimeout(timer);
    wire.onReplies = () => undefined;
    wire.onBroken = () => undefined;
  }
}

export async function measure(wire: Wire, cell: Cell, roots: readonly number[]): Promise<Windowed> {
  await wire.prepare(cell.callers, templateOf(cell.payloadBytes, wire.era));
  await probe(wire);
  const window = createWindow(cell, roots);
  const pending: ({ readonly id: number; readonly beganAt: number } | undefined)[] = [];
  const finished = Promise.withResolvers<void>();
  let isDraining = false;
  let errors = 0;
  let firstError: string | undefined;

  const send = (caller: number): void => {
    const id = nextId();
    pending[caller] = { id, beganAt: performance.now() };
    wire.send(caller, id);
  };
  const take = ({ caller, id, isRight, excerpt, isRefused }: Reply, now: number): void => {
    if (isRefused) return finished.reject(new Error(`refused under this load: ${excerpt}`));
    const call = caller === undefined ? undefined : pending[caller];
    const isExpected = call !== undefined && call.id === id;
    if (!isRight || !isExpected) {
      errors++;
      firstError ??= excerpt ?? `an answer to call ${id}, which was not waiting`;
    }
    if (caller === undefined || !isExpected) return;
    if (isRight) window.add(call.beganAt, now);
    pending[caller] = undefined;
    if (!isDraining) send(caller);
  };
  wire.onReplies = (replies) => {
    const now = performance.now();
    for (const reply of replies) take(reply, now);
    wire.flush();
    if (!isDraining) isDraining = window.turn(now);
    else if (pending.every((call) => call === undefined)) finished.resolve();
  };
  const fail = (reason: string): void =>
    finished.reject(new Error(`${reason}${firstError === undefined ? '' : `; ${firstError}`}`));
  wire.onBroken = fail;
  const timer = setTimeout(() => fail(`a call had no answer within ${answerMs / 1000} s`), cell.warmMs + cell.ms + answerMs);
  for (let caller = 0; caller < cell.callers; caller++) send(caller);
  wire.flush();
  try {
    await finished.promise;
  } finally {
    clearTimeout(timer);
    wire.onReplies = () => undefined;
    wire.onBroken = () => undefined;
  }
  return { ...window.result(), errors, ...(firstError === undefined ? {} : { firstError }) };
}
