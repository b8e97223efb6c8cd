// What is measured once a run instead of once a cell: memory of what is idle, coming back, starting. A number with its unit, and what stands behind it.
import { median } from './summary.ts';

const known = {
  diskMs: { words: 'the disk alone: a page written over in place and synced, 1000 times a second, p50', unit: 'ms' },
  diskP99Ms: { words: 'the same, p99: a durable call can wait that long for it', unit: 'ms' },
  stolen: { words: "share of this machine's cores that its host gave to others while the rounds ran", unit: '%' },
  tunnelsMb: { words: 'idle tunnels, PSS of the gateway server above an empty one', unit: 'MB' },
  tunnelsCpu: { words: 'idle tunnels with heartbeats, share of a core, all that the gateway server does in it', unit: '%' },
  backSeconds: { words: 'all tunnels back after the gateway server was killed, from listening again', unit: 's' },
  tlsTunnelsMb: { words: 'idle tunnels with TLS, PSS of the gateway server above an empty one', unit: 'MB' },
  tlsTunnelsCpu: {
    words: 'idle tunnels with TLS and heartbeats, share of a core, all that the gateway server does in it',
    unit: '%',
  },
  tlsBackSeconds: { words: 'all tunnels with TLS back after a kill, from listening again', unit: 's' },
  sessionKb: { words: 'an idle 2025-11-25 session, PSS of the gateway server', unit: 'KB' },
  statelessSessions: { words: 'sessions kept for hosts of 2026-07-28', unit: '' },
  listeningMs: { words: 'gateway server on existing data, from start to listening', unit: 'ms' },
  listeningOfNode: { words: 'the same, against the start of `node -e 0`', unit: 'x' },
  firstCallMs: { words: 'agent as it is packaged, from start to its first tunnelled call', unit: 'ms' },
  firstCallOfNode: { words: 'the same, against the start of `node -e 0`', unit: 'x' },
  sourceCallMs: { words: 'agent from its sources, as `npm start` runs it, until the same', unit: 'ms' },
  serverMs: { words: "of both: that call's local server alone, from start to its answer", unit: 'ms' },
} as const;

export type ReadingName = keyof typeof known;

export interface Reading {
  readonly value: number;
  /** How it came about, such as how many there were. */
  readonly note?: string;
  /** True where there were fewer than the goal names: it is shown, and proves nothing. */
  readonly isShort?: boolean;
}

/** The median of what was read round by round, and all of that. */
export function medianReading(values: readonly number[], digits: number): Reading {
  return { value: median(values), note: `median of ${values.length}: ${values.map((one) => one.toFixed(digits)).join(', ')}` };
}

export type Readings = ReadonlyMap<ReadingName, Reading>;

export function readingOf(name: ReadingName): { readonly words: string; readonly unit: string } {
  return known[name];
}
