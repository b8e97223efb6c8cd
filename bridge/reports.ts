// Reports that the gateway has not put on record yet. They lie in a file, so that they survive a restart and wait for the next tunnel.
// Rule: bounded; where it is full, what would make another one is refused. A report leaves only by the gateway's word.
import { join } from 'node:path';
import type { Logger } from 'pino';
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { newId } from '#contract/id.ts';
import { Report, reportLimit } from '#contract/report.ts';
import { readIfThere, writePrivate } from './device/file.ts';

const ReportFile = z.strictObject({ version: z.literal(1), reports: z.array(Report) });
/** What happened, without its id and time. */
export type ReportDraft =
  | { readonly event: 'workstation_paused'; readonly until: number; readonly reason?: string }
  | { readonly event: 'workstation_resumed'; readonly by: 'user' | 'time' | 'profile' }
  | { readonly event: 'host_undone' | 'host_taken_back'; readonly host: string };

export interface Reports {
  readonly pending: readonly Report[];
  /** Resolves when it is in the file. Rejects with BUSY where too many wait. */
  add(draft: ReportDraft): Promise<void>;
  /** The gateway has these. */
  noted(ids: readonly string[]): void;
  /** Resolves when nothing waits, or after `withinMs`. */
  told(withinMs: number): Promise<void>;
  /** Resolves when the file says what is true. */
  close(): Promise<void>;
}

/** `onChange`: something new waits to be told. */
export async function openReports(of: {
  readonly stateDir: string;
  readonly now: () => number;
  readonly onChange: () => void;
  readonly logger: Logger;
}): Promise<Reports> {
  const file = join(of.stateDir, 'report.json');
  let pending: readonly Report[] = await readReports(file, of.logger);
  let queue: Promise<void> = Promise.resolve();
  const waiting = new Set<() => void>();

  const save = (): Promise<void> => {
    const saved = queue.then(() => writePrivate(file, `${JSON.stringify({ version: 1, reports: pending })}\n`));
    queue = saved.catch((err: unknown) => of.logger.error({ err }, 'reports not stored'));
    return saved;
  };
  return {
    get pending() {
      return pending;
    },
    async add(draft) {
      if (pending.length >= reportLimit)
        throw new Fault('BUSY', { what: 'the gateway: too many reports to it wait on this workstation' });
      const at = of.now();
      const id = newId(at);
      pending = [...pending, { ...draft, id, at }];
      try {
        await save();
      } catch (error) {
        // what it tells of does not come about, so nobody may be told
        pending = pending.filter((one) => one.id !== id);
        throw error;
      }
      of.onChange();
    },
    noted(ids) {
      const rest = pending.filter(({ id }) => !ids.includes(id));
      if (rest.length === pending.length) return;
      pending = rest;
      save().catch(() => undefined);
      if (pending.length === 0) for (const settle of waiting) settle();
    },
    async told(withinMs) {
      if (pending.length === 0) return;
      await new Promise<void>((resolve) => {
        const settle = (): void => {
          clearTimeout(deadline);
          waiting.delete(settle);
          resolve();
        };
        const deadline = setTimeout(settle, withinMs);
        waiting.add(settle);
      });
    },
    close: () => queue,
  };
}

async function readReports(file: string, logger: Logger): Promise<readonly Report[]> {
  try {
    const text = await readIfThere(file);
    return text === undefined ? [] : ReportFile.parse(JSON.parse(text)).reports.slice(-reportLimit);
  } catch (error) {
    logger.error(
      { file, reason: error instanceof Fault ? error.message : 'it is damaged' },
      'reports to the gateway are damaged: they are lost',
    );
    return [];
  }
}
