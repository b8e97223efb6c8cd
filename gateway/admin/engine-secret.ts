// What engines are shown in a header, as administrators look after it. A value comes in, is sealed here, and is shown never again; who set it and when is.
import type { EngineStatus } from '#contract/admin-engine.ts';
import type { PolicyEngine } from '#contract/engine.ts';
import { Fault } from '#contract/error.ts';
import { Slug } from '#contract/id.ts';
import type { PolicyFile } from '#contract/policy.ts';
import { reveal, type Secret } from '#contract/secret.ts';
import type { EngineSecret } from '../store/engine-secret.ts';
import type { Store } from '../store/store.ts';
import { keepEngineSecret, placeOfSecret, secretMissing } from '../vault/engine-secret.ts';
import { headerObjection } from '../vault/keep.ts';
import type { KeyEncryption } from '../vault/seal.ts';
import { type Actor, deedActor } from './actor.ts';
import { type Acting, doing } from './context.ts';
import { unknownName } from './suggest.ts';

/** How each engine of a policy knows this gateway server. */
export async function engineStatus(store: Store, { engines = {} }: PolicyFile): Promise<readonly EngineStatus[]> {
  const secrets = new Map((await store.engineSecret.all()).map((one) => [String(one.engine), one]));
  return Object.entries(engines).map(([slug, engine]) => {
    const found = secrets.get(slug);
    const missing = secretMissing(engine, found) ?? null;
    const isSet = engine.secretHeader !== undefined && missing === null;
    return {
      engine: Slug.parse(slug),
      secretHeader: engine.secretHeader ?? null,
      missing,
      setAt: isSet ? (found?.setAt ?? null) : null,
      setBy: isSet ? (found?.setBy ?? null) : null,
    };
  });
}

/** Rejects with NAME_UNKNOWN and SETTING_INVALID; then nothing was changed. */
export async function setEngineSecret(
  acting: Acting,
  of: { readonly keys: KeyEncryption; readonly slug: string; readonly value: Secret<string>; readonly now: number },
): Promise<{ readonly engine: Slug; readonly header: string; readonly origin: string }> {
  const { keys, slug, value, now } = of;
  const place = placeOfSecret(engineNamed(await acting.store.filedPolicy(), slug));
  if (place === undefined) {
    const reason = 'the policy names no `secretHeader` for this engine: name one first.';
    throw new Fault('SETTING_INVALID', { setting: 'the engine', reason });
  }
  const reason = headerObjection(reveal(value));
  if (reason !== undefined) throw new Fault('SETTING_INVALID', { setting: 'the value', reason });
  const engine = Slug.parse(slug);
  const before = await acting.store.engineSecret.of(engine);
  const deed = { operation: 'engines.set-secret', target: slug, before: before ? told(before) : null, after: place };
  const secret = { engine, ...place, setAt: now, setBy: nameOf(acting.actor) };
  await keepEngineSecret({ store: doing(acting, now, deed), keys, secret, value });
  return { engine, ...place };
}

/** False where there was none. Rejects with NAME_UNKNOWN. */
export async function removeEngineSecret(acting: Acting, slug: string, now: number): Promise<boolean> {
  engineNamed(await acting.store.filedPolicy(), slug);
  const engine = Slug.parse(slug);
  const before = await acting.store.engineSecret.of(engine);
  if (before === undefined) return false;
  const deed = { operation: 'engines.remove-secret', target: slug, before: told(before), after: null };
  return await doing(acting, now, deed).engineSecret.remove(engine);
}

/** Throws NAME_UNKNOWN. */
export function engineNamed({ engines: all = {} }: PolicyFile, slug: string): PolicyEngine {
  const found = new Map(Object.entries(all)).get(slug);
  if (found) return found;
  throw unknownName('engine', slug, Object.keys(all), 'apply a policy that names one under `engines`');
}

function told({ header, origin, setAt, setBy }: EngineSecret) {
  return { header, origin, setAt, setBy };
}

function nameOf(actor: Actor): string {
  const by = deedActor(actor);
  switch (by.kind) {
    case 'user':
      return by.user.name;
    case 'command-line':
      return `${by.osUser} at the command line`;
    case 'system':
      return by.part;
  }
}
