// A cell of the benchmark: how many call at once, with how much; or how often, whatever comes back.

/** What tells cells apart. */
export type CellName = {
  /** Closed loops at once; in an open loop, connections. */
  readonly callers: number;
  readonly payloadBytes: number;
  /** Present: an open loop. */
  readonly ratePerSecond?: number | undefined;
};

export function keyOf({ callers, payloadBytes, ratePerSecond }: CellName): string {
  return `${ratePerSecond === undefined ? `c${callers}` : `${ratePerSecond}/s`} ${payloadBytes} B`;
}

export const smallBytes = 200;
export const largeBytes = 65_536;
export const hugeBytes = 1_048_576;
/** The open loop: more than one caller can do at most targets, far less than all of them. */
export const openLoop = { callers: 64, payloadBytes: smallBytes, ratePerSecond: 1000 } as const;
