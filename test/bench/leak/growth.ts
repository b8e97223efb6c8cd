// What of a program grew between two looks, and by how much it may. The rule: the bound allows for noise (compiled code, pools, pages not given back) and for
// less than half a kilobyte a session, so that whatever keeps one object for each session is found.

/** What is compared: memory in KB, the rest as counts. */
export interface Figure {
  readonly what: string;
  readonly kind: 'heap' | 'pss' | 'files' | 'sockets' | 'exact';
  readonly value: number;
  readonly unit: string;
}
export type Held = readonly Figure[];

export interface Growth extends Figure {
  readonly before: number;
  /** The most that it may be above `before`. */
  readonly bound: number;
  readonly isFlat: boolean;
}

const heapNoiseKb = 1536;
const heapKbEach = 0.25;
/** Room for young objects grows in steps, and pages that hold little are not given back at once. */
const pssNoiseKb = 64 * 1024;
const pssKbEach = 0.5;
/** Compile caches and the like. */
const fileNoise = 4;

/** `atOnce`: connections to servers are kept for a while, as many as were used at once. */
export function compare(before: Held, after: Held, sessions: number, atOnce: number): readonly Growth[] {
  const bounds: Readonly<Record<Figure['kind'], number>> = {
    heap: heapNoiseKb + heapKbEach * sessions,
    pss: pssNoiseKb + pssKbEach * sessions,
    files: fileNoise,
    sockets: atOnce,
    exact: 0,
  };
  return after.map((figure, index) => {
    const earlier = before[index]?.value ?? 0;
    const bound = Math.round(bounds[figure.kind]);
    return { ...figure, before: earlier, bound, isFlat: figure.value - earlier <= bound };
  });
}

/** One line each: what it was and is, what it may grow by, and whether it did. */
export function renderGrowth(growth: readonly Growth[]): string {
  return growth
    .map(({ what, unit, before, value, bound, isFlat }) => {
      const change = `${before} -> ${value}${unit}`;
      return `  ${isFlat ? 'flat ' : 'GREW '} ${what.padEnd(30)} ${change.padEnd(24)} (at most +${bound})`;
    })
    .join('\n');
}
