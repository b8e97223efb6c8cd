// All sinks of the policy in force: one pump each, begun, changed and ended with the policy and with their secrets; and how much each owes.
// The rule: nothing here stands in a call's way but one question that is answered from memory: whether a sink owes more than it may.
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import type { Bus } from '../bus/bus.ts';
import type { Recorder } from '../audit/record.ts';
import type { SinkSecret, SinkStanding, StoredSink } from '../store/sink.ts';
import type { Store } from '../store/store.ts';
import type { KeyEncryption } from '../vault/seal.ts';
import { openSinkSecrets } from '../vault/sink-secret.ts';
import { later } from '../wake.ts';
import { createSinkEvents } from './event.ts';
import type { ReceiverDeps } from './open.ts';
import type { Pump } from './pump.ts';

export interface SinksDeps extends ReceiverDeps {
  readonly store: Store;
  readonly bus: Bus;
  readonly keys: KeyEncryption;
  readonly recorder: Pick<Recorder, 'append'>;
  /** Who sends: the same after a restart, and no other gateway server's. */
  readonly holder: string;
  readonly logger: Logger;
}
export interface Sinks {
  /** Why no call may be made now; undefined where one may. */
  full(): Fault | undefined;
  /** How each stood when it was looked at last, less than two seconds ago. */
  standing(): readonly SinkStanding[];
  close(): Promise<void>;
}

const lookEveryMs = 1000;

/** Rejects where the store does not answer: what the sinks owe must be known before calls are. */
export async function openSinks(deps: SinksDeps): Promise<Sinks> {
  const { store, bus, keys, holder, logger, source } = deps;
  const record = createSinkEvents(deps.recorder, source.now, logger);
  const pumps = new Map<string, { readonly key: string; readonly pump: Pump | undefined }>();
  let standing: readonly SinkStanding[] = await store.sink.standing();
  /** What was written when that was so. */
  let weighed: string | undefined;
  const lagging = new Set<string>();
  let isClosed = false;
  let looking: Promise<void> | undefined;
  let isStale = false;
  /** The pumps may not be those that the policy wants. */
  let isAstray = false;
  let isSilent = false;
  let stop = (): void => undefined;

  async function begin(sink: StoredSink, secrets: readonly SinkSecret[]): Promise<Pump | undefined> {
    try {
      // Loaded where they are used: most gateway servers start without.
      const [{ createReceiver }, { startPump }] = await Promise.all([import('./open.ts'), import('./pump.ts')]);
      const receiver = createReceiver(sink, await openSinkSecrets(sink, secrets, keys), deps);
      const { organization, now } = source;
      return startPump({ sink, receiver, store, organization, holder, record, logger, now, random: Math.random });
    } catch (error) {
      logger.warn({ err: error, sink: sink.slug }, 'a sink sends nothing');
      return undefined;
    }
  }

  /** From the pumps that run to those that the policy wants. */
  async function follow(): Promise<void> {
    const [sinks, secrets] = await Promise.all([store.sink.sinks(), store.sink.secrets()]);
    const wanted = new Map<string, { readonly key: string; readonly sink: StoredSink }>();
    for (const sink of sinks) {
      const own = secrets.filter((one) => one.sink === sink.id).map(({ sealed }) => sealed);
      wanted.set(sink.id, { key: JSON.stringify([sink.config, own]), sink });
    }
    for (const [id, { key, pump }] of [...pumps]) {
      if (wanted.get(id)?.key === key) continue;
      pumps.delete(id);
      await pump?.close();
    }
    for (const [id, { key, sink }] of wanted)
      if (!pumps.has(id) && !isClosed) pumps.set(id, { key, pump: await begin(sink, secrets) });
  }

  function look(): Promise<void> {
    isStale = true;
    return (looking ??= followAll());
  }

  async function followAll(): Promise<void> {
    while (isStale && !isClosed) {
      isStale = false;
      try {
        await follow();
        isAstray = false;
      } catch (error) {
        if (!isAstray) logger.error({ err: error }, 'the sinks could not be looked at');
        isAstray = true;
      }
      await weigh();
    }
    looking = undefined;
  }

  /** Before it owes more than it may, whatever the reason: then calls are refused. */
  function tellLag(): void {
    for (const { id, slug: sink, owed, config } of standing) {
      const { limit } = config;
      if (owed > limit / 2 && !lagging.has(id)) {
        lagging.add(id);
        record({ event: 'sink_lagging', detail: { sink, owed, limit } });
      }
      if (owed < limit / 4 && lagging.delete(id)) record({ event: 'sink_caught_up', detail: { sink } });
    }
  }

  async function weigh(): Promise<void> {
    stop();
    try {
      const written = await store.lastWrite();
      if (written !== weighed) standing = await store.sink.standing();
      weighed = written;
      isSilent = false;
      tellLag();
    } catch (error) {
      if (!isSilent) logger.error({ err: error }, 'what the sinks owe could not be found out');
      isSilent = true;
    }
    stop();
    // Without sinks there is nothing to look at until the policy names one.
    if (!isClosed && (standing.length > 0 || isSilent || isAstray))
      stop = later(() => void (isAstray ? look() : weigh()), lookEveryMs, lookEveryMs / 4);
  }

  const unsubscribe = bus.subscribe('changed', () => void look());
  await look();
  return {
    full() {
      const full = standing.find(({ owed, config }) => config.onFull === 'refuse' && owed > config.limit);
      return full && new Fault('SINK_FULL', { sink: full.slug, owed: full.owed, limit: full.config.limit });
    },
    standing: () => standing,
    async close() {
      isClosed = true;
      unsubscribe();
      // One that is begun just now is ended too.
      await looking;
      stop();
      await Promise.all([...pumps.values()].map(({ pump }) => pump?.close()));
      pumps.clear();
    },
  };
}
