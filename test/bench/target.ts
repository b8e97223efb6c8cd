// A thing that is measured: how it is started, and how the load generator reaches it. Real programs only.
import { z } from 'zod';
import type { CellName } from './cell.ts';

/** How calls get there. `line` programs are started by the load generator itself, as a host starts them. */
export const Drive = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('http'),
    url: z.string(),
    headers: z.record(z.string(), z.string()),
    /** `initialize`: a session of 2025-11-25. `none`: the call's body alone. `none-stateless`: the requests of 2026-07-28. */
    opening: z.enum(['initialize', 'none', 'none-stateless']),
  }),
  z.object({
    kind: z.literal('line'),
    file: z.string(),
    args: z.array(z.string()),
    env: z.record(z.string(), z.string()),
  }),
]);
export type Drive = z.infer<typeof Drive>;

export interface Running {
  readonly drive: Drive;
  /** Process ids whose trees do the work, besides the program of a `line` drive. */
  readonly roots: readonly number[];
  /** Ends all that was started. Idempotent. */
  close(): Promise<void>;
}

export interface Target {
  readonly name: string;
  /** Cells that it takes part in; all where it is left out. */
  readonly measures?: (cell: CellName) => boolean;
  /** Rejects with a reason for people when it can't run here: the row then shows it. */
  start(): Promise<Running>;
}
