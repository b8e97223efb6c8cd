// What the host of a virtual machine took from it while rounds ran: a share of a few percent makes p99 that of the machine's neighbors.
import { availableParallelism } from 'node:os';
import { stolenMsOfMachine } from './cpu.ts';
import { medianReading, type Reading, type ReadingName } from './reading.ts';

export interface Stolen {
  /** Runs a round and keeps its share. */
  during(round: () => Promise<void>): Promise<void>;
  /** The median over the rounds; nothing where there was none. */
  readings(): readonly (readonly [ReadingName, Reading])[];
}

export function createStolen(): Stolen {
  const shares: number[] = [];
  return {
    async during(round) {
      const began = { at: performance.now(), stolen: stolenMsOfMachine() };
      await round();
      const lastedMs = performance.now() - began.at;
      shares.push(((stolenMsOfMachine() - began.stolen) / (lastedMs * availableParallelism())) * 100);
    },
    readings: () => (shares.length === 0 ? [] : [['stolen', medianReading(shares, 1)]]),
  };
}
