// What goes on beside the records while a gateway server runs: their index is kept up to date, checkpoints are made, and exports are written.
// The rule: none of it stands in a call's way, and all of it ends with the gateway server.
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Store } from '../store/store.ts';
import { startCheckpoints, type CheckpointsDeps } from './checkpoints.ts';
import { createExports, type Exports } from './export-job.ts';
import { startIndexer } from './indexer.ts';

export interface Upkeep {
  readonly exports: Exports;
  /** Idempotent. */
  close(): Promise<void>;
}

export function startUpkeep(
  of: CheckpointsDeps & {
    readonly store: Pick<Store, 'search'>;
    /** No call is under way. */
    readonly isQuiet: () => boolean;
    readonly dataDir: string;
    readonly logger: Logger;
    readonly now: () => number;
  },
): Upkeep {
  const indexer = startIndexer(of);
  const checkpoints = startCheckpoints(of);
  const exports = createExports({ ...of, directory: join(of.dataDir, 'export') });
  return {
    exports,
    async close() {
      await Promise.all([indexer.close(), checkpoints.close(), exports.close()]);
    },
  };
}
