// A pool whose children end when what allowed them no longer does: IT denied the command, the gateway took its approval back, the entry is gone.
// Rule: the pool asks before a start, this asks again whenever the answer may have changed.
import type { Logger } from 'pino';
import type { Fault } from '#contract/error.ts';
import type { Fingerprint, Slug } from '#contract/id.ts';
import type { LocalServer, LocalServerEvents, Pool } from './server/pool.ts';

export interface SanctionedPool extends Pool {
  /** Ends the children that may no longer run. */
  check(): void;
  /** Ends the children of a server; whoever uses them is told why. Resolves when they are gone. */
  end(server: Slug, why: Fault): Promise<void>;
}

interface Running {
  readonly server: Slug;
  readonly fingerprint: Fingerprint;
  readonly local: LocalServer;
  refusal: Fault | undefined;
}

export function createSanctionedPool(
  pool: Pool,
  refusalOf: (server: Slug, fingerprint: Fingerprint) => Fault | undefined,
  logger: Logger,
): SanctionedPool {
  const running = new Set<Running>();
  return {
    async open(server, fingerprint, events, host) {
      let own: Running | undefined = undefined;
      let isOver = false;
      const heard: LocalServerEvents = {
        onMessage: (line) => events.onMessage(line),
        onOversize: (fault, remnant) => events.onOversize(fault, remnant),
        onExit(fault) {
          isOver = true;
          if (own) running.delete(own);
          events.onExit(fault ?? own?.refusal);
        },
      };
      const local = await pool.open(server, fingerprint, heard, host);
      own = { server, fingerprint, local, refusal: undefined };
      // one that ended while it was handed over is told to nobody again
      if (!isOver) running.add(own);
      return local;
    },
    check() {
      for (const one of running) {
        if (one.refusal) continue;
        one.refusal = refusalOf(one.server, one.fingerprint);
        if (one.refusal) one.local.close().catch((err: unknown) => logger.error({ err, server: one.server }, notEnded));
      }
    },
    async end(server, why) {
      const own = [...running].filter((one) => one.server === server);
      for (const one of own) one.refusal ??= why;
      await Promise.all(own.map(({ local }) => local.close()));
    },
    close: () => pool.close(),
  };
}

const notEnded = 'a local server that may no longer run could not be ended';
