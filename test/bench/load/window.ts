// The stretch of time that counts: after the warm-up, for a fixed time, with the CPU account read at both of its ends.
// A call belongs to the window in which its answer came; its latency counts only when it began there too.
import { z } from 'zod';
import { createAccount, type Spent } from './account.ts';
import { quantile } from './schedule.ts';

export const Cell = z.object({
  /** Closed loops at once; in an open loop, connections. */
  callers: z.number().int().min(1),
  payloadBytes: z.number().int().min(1),
  /** Present: an open loop. Calls begin at this rate, whatever comes back. */
  ratePerSecond: z.number().min(1).optional(),
  warmMs: z.number(),
  ms: z.number(),
});
export type Cell = z.infer<typeof Cell>;

export const Measurement = z.object({
  callsPerSecond: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  /** CPU of all server processes, by call, with what they did of it later. */
  cpuMs: z.number(),
  /** Of it: after the last answer, until they were at rest. */
  laterCpuMs: z.number(),
  /** CPU of the load generator, by call: it must be the cheaper one. */
  generatorCpuMs: z.number(),
  /** Share of the machine that others used meanwhile: figures of a busy machine are not worth much. */
  foreignShare: z.number(),
  calls: z.number(),
  errors: z.number(),
  firstError: z.string().optional(),
  /** Open loop: calls that had no answer within a second. */
  missed: z.number().optional(),
  /** Open loop: how late the generator itself looked at a call that was due, p99. It is part of every latency. */
  lateMs: z.number().optional(),
});
export type Measurement = z.infer<typeof Measurement>;
/** While calls were made. */
export type Windowed = Omit<Measurement, 'laterCpuMs'>;

export interface Window {
  /** An answer came: counts it, if it is right. */
  add(beganAt: number, now: number): void;
  /** Opens and closes the window when it is time. True once it is closed. */
  turn(now: number): boolean;
  result(): Omit<Windowed, 'errors' | 'firstError'>;
}

export function createWindow(cell: Cell, roots: readonly number[]): Window {
  const latencies: number[] = [];
  const startedAt = performance.now();
  const account = createAccount(roots);
  let phase: 'warm' | 'open' | 'closed' = 'warm';
  let calls = 0;
  let openedAt = 0;
  let spent: Spent = { lastedMs: 0, serverCpuMs: 0, ownCpuMs: 0, foreignShare: 0 };

  return {
    add(beganAt, now) {
      if (phase !== 'open') return;
      calls++;
      if (beganAt >= openedAt) latencies.push(now - beganAt);
    },
    turn(now) {
      if (phase === 'warm' && now - startedAt >= cell.warmMs) {
        phase = 'open';
        account.begin();
        openedAt = performance.now();
      } else if (phase === 'open' && now - openedAt >= cell.ms) {
        phase = 'closed';
        spent = account.end();
      }
      return phase === 'closed';
    },
    result() {
      latencies.sort((a, b) => a - b);
      return {
        callsPerSecond: (calls / spent.lastedMs) * 1000,
        p50Ms: quantile(latencies, 0.5),
        p99Ms: quantile(latencies, 0.99),
        cpuMs: spent.serverCpuMs / calls,
        generatorCpuMs: spent.ownCpuMs / calls,
        foreignShare: spent.foreignShare,
        calls,
      };
    },
  };
}
