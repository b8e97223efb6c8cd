// Work on a database that may take as long as it takes. The rule: whoever waits for it hears every while that it goes on, and what to look at.
import type { Logger } from 'pino';

const everyMs = 15_000;

/** `what`: what is waited for, in words. */
export async function patiently<T>(
  what: string,
  { logger, tellEveryMs = everyMs }: { readonly logger: Pick<Logger, 'warn'>; readonly tellEveryMs?: number },
  run: () => Promise<T>,
): Promise<T> {
  const since = performance.now();
  const telling = setInterval(() => {
    const waitedS = Math.round((performance.now() - since) / 1000);
    logger.warn(
      { what, waitedS },
      'waiting for the database: this may take long; where nothing moves, see what else uses it (on PostgreSQL: pg_stat_activity)',
    );
  }, tellEveryMs);
  return await run().finally(() => clearInterval(telling));
}
