// How the recorder is doing, seen from outside: how many records wait, and whether it refused one lately. It changes nothing of what is appended.
import type { KeepingRecorder } from './audit/record.ts';

export interface AuditGauge extends KeepingRecorder {
  /** Records that are appended and not accepted yet. */
  waiting(): number;
  /**
   * True for a while after a record was refused. Then it counts as accepting again until the next one shows: who is asked nothing
   * because it is not ready would never find out that it is.
   */
  isRefusing(): boolean;
}

const rememberMs = 10_000;

export function gaugeAudit(recorder: KeepingRecorder, now: () => number): AuditGauge {
  let waiting = 0;
  let refusedAt = -Infinity;
  const onAccepted = () => {
    waiting--;
    refusedAt = -Infinity;
  };
  const onRefused = () => {
    waiting--;
    refusedAt = now();
  };
  const gauged = (appended: Promise<void>): Promise<void> => {
    waiting++;
    appended.then(onAccepted, onRefused);
    return appended;
  };
  return {
    append: (record) => gauged(recorder.append(record)),
    keep: (...of) => gauged(recorder.keep(...of)),
    close: () => recorder.close(),
    waiting: () => waiting,
    isRefusing: () => now() - refusedAt < rememberMs,
  };
}
