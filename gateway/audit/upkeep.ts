// What goes on beside the records while a gateway server runs: their index is kept up to date, checkpoints are made, exports are written,
// the records are verified, and records and payloads whose time is over are removed.
// The rule: none of it stands in a call's way, and all of it ends with the gateway server.
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Store } from '../store/store.ts';
import { makeCheckpoint } from './checkpoint.ts';
import { startCheckpoints, type CheckpointsDeps } from './checkpoints.ts';
import { createExports, type Exports } from './export-job.ts';
import { startIndexer } from './indexer.ts';
import { createJobs } from './job.ts';
import { startPayloadUpkeep } from './payload-upkeep.ts';
import type { KeepingRecorder } from './record.ts';
import { startRetention, type Retention, type RetentionDeps } from './retention.ts';
import { createVerifications, type Verifications } from './verify-job.ts';

export interface Upkeep {
  readonly exports: Exports;
  readonly verifications: Verifications;
  /** Where the records end now. Rejects with AUDIT_BROKEN. */
  checkpoint(): ReturnType<typeof makeCheckpoint>;
  readonly overdueMs: Retention['overdueMs'];
  /** Idempotent. */
  close(): Promise<void>;
}

export function startUpkeep(
  of: CheckpointsDeps &
    RetentionDeps & {
      readonly store: Pick<Store, 'search' | 'sealedAfter' | 'payload' | 'lastWrite'>;
      /** Of the chains' heads. */
      readonly headFile: string;
      readonly recorder: KeepingRecorder;
      /** That were made so far. */
      readonly calls: () => number;
      readonly dataDir: string;
      readonly logger: Logger;
      readonly now: () => number;
    },
): Upkeep {
  const indexer = startIndexer(of);
  const checkpoints = startCheckpoints(of);
  const retention = startRetention(of);
  const payloads = startPayloadUpkeep(of);
  const jobs = createJobs(of);
  const exports = createExports({ ...of, jobs, directory: join(of.dataDir, 'export') });
  const verifications = createVerifications({ ...of, jobs });
  return {
    exports,
    verifications,
    checkpoint: () => makeCheckpoint(of),
    overdueMs: retention.overdueMs,
    async close() {
      await Promise.all([
        indexer.close(),
        checkpoints.close(),
        retention.close(),
        payloads.close(),
        exports.close(),
        verifications.close(),
      ]);
    },
  };
}
