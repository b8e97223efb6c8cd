// Who used the machine in a stretch of time: the servers that are measured, the load generator, and others.
import { availableParallelism } from 'node:os';
import { cpuMsOfMachine, cpuMsOfTrees } from '../cpu.ts';

export interface Spent {
  readonly lastedMs: number;
  readonly serverCpuMs: number;
  readonly ownCpuMs: number;
  /** Share of the machine that others used meanwhile: figures of a busy machine are not worth much. */
  readonly foreignShare: number;
}

export function createAccount(roots: readonly number[]): { begin(): void; end(): Spent } {
  let began = { at: 0, machine: 0, server: 0, own: 0 };
  return {
    begin() {
      // the clock last: reading /proc takes a moment, which belongs to no call
      const [machine, server, own] = [cpuMsOfMachine(), cpuMsOfTrees(roots), ownCpu()];
      began = { machine, server, own, at: performance.now() };
    },
    end() {
      const lastedMs = performance.now() - began.at;
      const ownCpuMs = ownCpu() - began.own;
      const serverCpuMs = cpuMsOfTrees(roots) - began.server;
      const foreignMs = cpuMsOfMachine() - began.machine - serverCpuMs - ownCpuMs;
      return { lastedMs, ownCpuMs, serverCpuMs, foreignShare: Math.max(0, foreignMs) / (lastedMs * availableParallelism()) };
    },
  };
}

function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
