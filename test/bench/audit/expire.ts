// How records go whose time is over, by the product's own part that removes them: how many a second, and for how long the event loop is held at most.
import type { KeyObject } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import { PolicyFile } from '#contract/policy.ts';
import { startRetention } from '../../../gateway/audit/retention.ts';
import { openRecorder } from '../../../gateway/audit/spool.ts';
import type { Store } from '../../../gateway/store/store.ts';

export interface Gone {
  readonly records: number;
  readonly seconds: number;
  readonly longestMs: number;
}

/** Removes what is older than that many days. `isQuiet`: as where no call is under way. */
export async function expire(of: {
  readonly store: Store;
  readonly key: KeyObject;
  readonly headFile: string;
  readonly logger: Logger;
  readonly days: number;
  readonly isQuiet: boolean;
}): Promise<Gone> {
  const { store, days, isQuiet, logger } = of;
  const policy = PolicyFile.parse({ version: 1, retention: { records: `${days}d` } });
  await store.replacePolicy(policy, await store.revision(), Date.now());
  const recorder = await openRecorder({ ...of, chain: 'main', mode: 'durable' });
  const before = (await store.retention.removal('main'))?.seq ?? 0;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const began = performance.now();
  const retention = startRetention({ ...of, recorder, chain: 'main', isQuiet: () => isQuiet, logger, now: Date.now, everyMs: 5 });
  const announced = async () => (await store.newestRecords(1))[0]?.body.match(/"records_expired".*"upTo":(\d+)/)?.[1];
  let upTo: number | undefined;
  for (;;) {
    await wait(20);
    const said = Number((await announced()) ?? 0);
    if (said > before) upTo ??= said;
    if (upTo !== undefined && ((await store.retention.removal('main'))?.seq ?? 0) >= upTo) break;
  }
  const seconds = (performance.now() - began) / 1000;
  delay.disable();
  await retention.close();
  await recorder.close();
  return { records: upTo - before, seconds, longestMs: delay.max / 1e6 };
}
