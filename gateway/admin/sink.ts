// Sinks as administrators look after them. A secret comes in, is sealed here, and is shown never again.
import type { SinkStatus } from '#contract/admin-sink.ts';
import { Fault } from '#contract/error.ts';
import { reveal, type Secret } from '#contract/secret.ts';
import { destinationOf, secretsOf } from '#contract/sink.ts';
import type { SinkStanding, StoredSink } from '../store/sink.ts';
import type { Store } from '../store/store.ts';
import { headerObjection } from '../vault/keep.ts';
import type { KeyEncryption } from '../vault/seal.ts';
import { keepSinkSecret } from '../vault/sink-secret.ts';
import { type Acting, doing } from './context.ts';
import { unknownName } from './suggest.ts';

export async function listSinks(store: Store, now: number): Promise<readonly SinkStatus[]> {
  return (await store.sink.standing()).map((one) => shown(one, now));
}

/** The sink of that name. Rejects with NAME_UNKNOWN. */
export async function sinkNamed(store: Store, slug: string): Promise<StoredSink> {
  const all = await store.sink.sinks();
  const found = all.find((one) => one.slug === slug);
  if (!found)
    throw unknownName(
      'sink',
      slug,
      all.map((one) => one.slug),
      'apply a policy that names one under `sinks`',
    );
  return found;
}

/** `header`: which one, of OTLP; it may be left out where there is one. Rejects with NAME_UNKNOWN and SETTING_INVALID; then nothing was changed. */
export async function setSinkSecret(
  acting: Acting,
  of: {
    readonly keys: KeyEncryption;
    readonly slug: string;
    readonly header: string | undefined;
    readonly value: Secret<string>;
    readonly now: number;
  },
): Promise<{ readonly sink: string; readonly name: string; readonly origin: string }> {
  const { keys, slug, header, value, now } = of;
  const sink = await sinkNamed(acting.store, slug);
  const names = secretsOf(sink.config);
  const name = header?.toLowerCase() ?? (names.length > 1 ? undefined : names[0]);
  if (name === undefined || !names.includes(name)) {
    const known =
      names.length === 0 ? `a sink of kind ${sink.config.kind} with this policy has none` : `there are: ${names.join(', ')}`;
    throw new Fault('SETTING_INVALID', { setting: '--header', reason: `${known}.` });
  }
  const reason = objection(sink, value);
  if (reason !== undefined) throw new Fault('SETTING_INVALID', { setting: 'the value', reason });
  const set = { sink: slug, name, origin: destinationOf(sink.config) };
  const store = doing(acting, now, { operation: 'sinks.set-secret', target: slug, before: null, after: set });
  await keepSinkSecret({ store, keys, sink, name, value, now });
  return set;
}

/** Why this can't be such a secret. Undefined where it can. */
function objection({ config }: StoredSink, value: Secret<string>): string | undefined {
  const text = reveal(value);
  const unfit = headerObjection(text);
  if (unfit !== undefined) return unfit;
  if (config.kind === 'splunk' && /^splunk\s/i.test(text)) return 'give the token alone, without "Splunk".';
  if (config.kind !== 'webhook') return undefined;
  const [, encoded] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const bytes = Buffer.from(encoded ?? '', 'base64').length;
  return bytes < 24 || bytes > 64
    ? 'write whsec_ and 24 to 64 random bytes in base64, such as `echo whsec_$(openssl rand -base64 32)` prints.'
    : undefined;
}

function shown(one: SinkStanding, now: number): SinkStatus {
  const { slug, config, secrets, owed, oldestAt, sent, rejected, skipped, parked } = one;
  const { deliveredAt, failingSince, lastError, lastErrorAt } = one;
  const isSet = (name: string) => secrets.some((of) => of.name === name && of.origin === destinationOf(config));
  const missing = secretsOf(config).filter((name) => !isSet(name));
  return {
    sink: slug,
    kind: config.kind,
    state: missing.length > 0 ? 'needs-secret' : failingSince === null ? 'sending' : 'failing',
    missing,
    owed,
    lagMs: oldestAt === null ? 0 : Math.max(now - oldestAt, 0),
    limit: config.limit,
    onFull: config.onFull,
    sent,
    rejected,
    skipped,
    parked,
    deliveredAt,
    failingSince,
    lastError,
    lastErrorAt,
  };
}
