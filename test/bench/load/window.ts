// The stretch of time that counts: after the warm-up, for a fixed time, with the CPU account read at both of its ends.
// A call belongs to the window in which its answer came; its latency counts only when it began there too.
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { cpuMsOfMachine, cpuMsOfTrees } from '../cpu.ts';

export const Cell = z.object({
  callers: z.number().int().min(1),
  payloadBytes: z.number().int().min(1),
  warmMs: z.number(),
  ms: z.number(),
});
export type Cell = z.infer<typeof Cell>;

export const Measurement = z.object({
  callsPerSecond: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  /** CPU of all server processes, by call. */
  cpuMs: z.number(),
  /** CPU of the load generator, by call: it must be the cheaper one. */
  generatorCpuMs: z.number(),
  /** Share of the machine that others used meanwhile: figures of a busy machine are not worth much. */
  foreignShare: z.number(),
  calls: z.number(),
  errors: z.number(),
  firstError: z.string().optional(),
});
export type Measurement = z.infer<typeof Measurement>;

export interface Window {
  /** An answer came: counts it, if it is right. */
  add(beganAt: number, now: number): void;
  /** Opens and closes the window when it is time. True once it is closed. */
  turn(now: number): boolean;
  result(): Omit<Measurement, 'errors' | 'firstError'>;
}

export function createWindow(cell: Cell, roots: readonly number[]): Window {
  const latencies: number[] = [];
  const startedAt = performance.now();
  let phase: 'warm' | 'open' | 'closed' = 'warm';
  let calls = 0;
  let openedAt = 0;
  let lastedMs = 0;
  let serverCpuMs = 0;
  let ownCpuMs = 0;
  let machineCpuMs = 0;

  return {
    add(beganAt, now) {
      if (phase !== 'open') return;
      calls++;
      if (beganAt >= openedAt) latencies.push(now - beganAt);
    },
    turn(now) {
      if (phase === 'warm' && now - startedAt >= cell.warmMs) {
        phase = 'open';
        machineCpuMs = cpuMsOfMachine();
        serverCpuMs = cpuMsOfTrees(roots);
        ownCpuMs = ownCpu();
        openedAt = performance.now();
      } else if (phase === 'open' && now - openedAt >= cell.ms) {
        phase = 'closed';
        lastedMs = now - openedAt;
        ownCpuMs = ownCpu() - ownCpuMs;
        serverCpuMs = cpuMsOfTrees(roots) - serverCpuMs;
        machineCpuMs = cpuMsOfMachine() - machineCpuMs;
      }
      return phase === 'closed';
    },
    result() {
      latencies.sort((a, b) => a - b);
      return {
        callsPerSecond: (calls / lastedMs) * 1000,
        p50Ms: quantile(latencies, 0.5),
        p99Ms: quantile(latencies, 0.99),
        cpuMs: serverCpuMs / calls,
        generatorCpuMs: ownCpuMs / calls,
        foreignShare: Math.max(0, machineCpuMs - serverCpuMs - ownCpuMs) / (lastedMs * availableParallelism()),
        calls,
      };
    },
  };
}

function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
