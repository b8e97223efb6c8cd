// The user's pause: as the profile allows it, for a time that ends by itself, over restarts. While it lasts nothing of Drawbridge serves a host.
// Rule: a pause opens no way around the gateway; it closes the one there is. In doubt (a damaged file, a clock that was set back to before it) there is none. A clock
// that is set while it lasts makes it no longer than it was to last, also over restarts of the agent where the boot is known (Linux). Over a boot, and elsewhere over
// a restart, what is left of it counts by the clock.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { AgentPause } from '#contract/agent.ts';
import { Fault } from '#contract/error.ts';
import type { Profile } from '#contract/profile.ts';
import { readIfThere, writePrivate } from './device/file.ts';
import type { Reports } from './reports.ts';

const PauseFile = z.strictObject({
  version: z.literal(1),
  since: z.number().int(),
  until: z.number().int(),
  reason: z.string().max(500).optional(),
  /** The boot that it began in, and how long that had lasted when it is over, ms. */
  boot: z.string().optional(),
  overAtUptime: z.number().optional(),
});

/** The time since the boot, by a clock that nobody sets. */
export interface Boot {
  readonly id: string;
  uptimeMs(): number;
}

export interface Pause {
  readonly current: AgentPause | undefined;
  /** Rejects with PROFILE_FORBIDS where the profile doesn't allow it, SETTING_INVALID where a reason is missing, BUSY. */
  begin(minutes: number, reason: string | undefined): Promise<AgentPause>;
  /** Ends it where there is one. */
  end(by: 'user' | 'time' | 'profile'): Promise<void>;
  /** Ends or shortens it where the profile no longer allows it, and where its time is over. */
  check(): Promise<void>;
  close(): void;
}

export interface PauseDeps {
  readonly stateDir: string;
  readonly profile: () => Profile;
  readonly reports: Reports;
  /** It began or ended. */
  readonly onChange: (pause: AgentPause | undefined) => void;
  readonly now: () => number;
  /** Absent where boots can't be told apart. */
  readonly boot?: Boot | undefined;
  readonly logger: Logger;
}

const minuteMs = 60_000;
/** A timer stands still while the machine sleeps, so the clock is looked at from time to time. */
const lookEveryMs = 15_000;

/** Goes on with the pause of the agent before, where there is one. */
export async function openPause(deps: PauseDeps): Promise<Pause> {
  const { reports, now, logger } = deps;
  const file = join(deps.stateDir, 'pause.json');
  const { pause: before, leftMs: left = 0 } = await readPause(file, deps);
  let current = before;
  /** When it is over by a clock that nobody sets. */
  let overAt = performance.now() + left;
  let timer: NodeJS.Timeout | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  let isClosed = false;

  /** One change at a time. */
  const inTurn = <T>(task: () => Promise<T>): Promise<T> => {
    const done = queue.then(task);
    queue = done.catch(() => undefined);
    return done;
  };
  const watch = (): void => {
    clearTimeout(timer);
    if (current === undefined || isClosed) return;
    const leftMs = Math.max(0, Math.min(current.until - now(), overAt - performance.now()));
    timer = setTimeout(
      () => void check().catch((err: unknown) => logger.error({ err }, 'the pause could not be ended')),
      Math.min(leftMs, lookEveryMs),
    );
  };
  const keep = async (pause: AgentPause, isNew: boolean): Promise<void> => {
    const { since, until, reason } = pause;
    const over = Math.min(isNew ? Infinity : overAt, performance.now() + (until - now()));
    const of = { version: 1, since, until, ...(reason === undefined ? {} : { reason }) } as const;
    const booted = deps.boot && { boot: deps.boot.id, overAtUptime: deps.boot.uptimeMs() + over - performance.now() };
    await writePrivate(file, `${JSON.stringify({ ...of, ...booted } satisfies z.infer<typeof PauseFile>)}\n`);
    current = pause;
    overAt = over;
    watch();
    deps.onChange(pause);
  };
  const endNow = async (by: 'user' | 'time' | 'profile'): Promise<void> => {
    if (current === undefined) return;
    await rm(file, { force: true });
    current = undefined;
    watch();
    logger.info({ by }, 'the pause is over');
    deps.onChange(undefined);
    // it is over whether or not the gateway can be told
    await reports
      .add({ event: 'workstation_resumed', by })
      .catch((err: unknown) => logger.error({ err }, 'the end of a pause is not reported'));
  };
  const check = (): Promise<void> =>
    inTurn(async () => {
      watch();
      if (current === undefined) return;
      const { since, until } = current;
      const { AllowUserPause, PauseMaxMinutes } = deps.profile();
      if (AllowUserPause === 'never') return endNow('profile');
      if (now() >= until || now() < since - minuteMs || performance.now() >= overAt) return endNow('time');
      const latest = since + PauseMaxMinutes * minuteMs;
      if (until > latest) await keep({ ...current, until: latest }, false);
    });
  watch();

  return {
    get current() {
      return current;
    },
    begin: (minutes, reason) =>
      inTurn(async () => {
        const { AllowUserPause, PauseMaxMinutes } = deps.profile();
        if (AllowUserPause === 'never') throw new Fault('PROFILE_FORBIDS', { what: 'a pause' });
        if (minutes > PauseMaxMinutes)
          throw new Fault('PROFILE_FORBIDS', { what: `a pause of more than ${PauseMaxMinutes} minutes` });
        if (AllowUserPause === 'with_reason' && reason === undefined)
          throw new Fault('SETTING_INVALID', { setting: 'reason', reason: 'the profile of this workstation asks for one.' });
        const since = now();
        const until = since + minutes * minuteMs;
        const why = reason === undefined ? {} : { reason };
        // on its way to the record before anything is paused
        await reports.add({ event: 'workstation_paused', until, ...why });
        const pause: AgentPause = { since, until, by: 'user', ...why };
        await keep(pause, true);
        logger.info({ minutes }, 'paused by the user');
        return pause;
      }),
    end: (by) => inTurn(() => endNow(by)),
    check,
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

/** The pause there is, and how long it lasts still. */
async function readPause(
  file: string,
  { now, boot, logger }: PauseDeps,
): Promise<{ readonly pause: AgentPause | undefined; readonly leftMs?: number }> {
  try {
    const text = await readIfThere(file);
    if (text === undefined) return { pause: undefined };
    const { since, until, reason, ...then } = PauseFile.parse(JSON.parse(text));
    const byBoot = boot !== undefined && then.boot === boot.id ? (then.overAtUptime ?? Infinity) - boot.uptimeMs() : Infinity;
    const pause: AgentPause = { since, until, by: 'user', ...(reason === undefined ? {} : { reason }) };
    return { pause, leftMs: Math.min(until - now(), byBoot) };
  } catch (error) {
    logger.warn(
      { file, reason: error instanceof Fault ? error.message : 'it is damaged' },
      'the file of the pause is damaged: there is no pause',
    );
    return { pause: undefined };
  }
}
