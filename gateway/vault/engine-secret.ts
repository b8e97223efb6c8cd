// What an engine is shown in a header, sealed to the engine, its header and where it is.
// Rule: what was set for another header or another place does not open for this one; where nothing opens the engine is not asked.
import type { PolicyEngine } from '#contract/engine.ts';
import { Fault } from '#contract/error.ts';
import { Slug } from '#contract/id.ts';
import type { Secret } from '#contract/secret.ts';
import type { EngineSecret } from '../store/engine-secret.ts';
import type { Store } from '../store/store.ts';
import { type Binding, type KeyEncryption, kidOf, seal, unseal } from './seal.ts';

/** What is kept with a secret of this engine; undefined where the policy names no header. */
export function placeOfSecret({ url, secretHeader }: PolicyEngine): Pick<EngineSecret, 'header' | 'origin'> | undefined {
  return secretHeader === undefined ? undefined : { header: secretHeader.toLowerCase(), origin: new URL(url).origin };
}

/** Rejects with STORE_UNAVAILABLE where the engine is gone meanwhile. */
export async function keepEngineSecret(of: {
  readonly store: Store;
  readonly keys: KeyEncryption;
  readonly secret: Omit<EngineSecret, 'sealed'>;
  readonly value: Secret<string>;
}): Promise<void> {
  const { store, keys, secret, value } = of;
  let sealed = await seal(value, bindingOfEngine(secret), keys);
  if (!(await store.engineSecret.set({ ...secret, sealed })))
    throw new Fault('STORE_UNAVAILABLE', {}, { cause: new Error('the engine was removed by somebody else meanwhile') });
  // As for identities: the key may have been rotated meanwhile, and the one that was used may be gone.
  while ((await keys.current()) !== kidOf(sealed)) {
    const before = sealed;
    sealed = await seal(value, bindingOfEngine(secret), keys);
    await store.engineSecret.reseal(secret.engine, before, sealed);
  }
}

/** Why a secret does not count for an engine as the policy has it now; undefined where it does. */
export function secretMissing(engine: PolicyEngine, found: Omit<EngineSecret, 'sealed'> | undefined): string | undefined {
  const place = placeOfSecret(engine);
  if (place === undefined) return undefined;
  if (found === undefined) return 'was never set';
  if (found.header !== place.header) return `was set for the header ${found.header}, and the policy names another one now`;
  return found.origin === place.origin ? undefined : `was set for ${found.origin}, and the policy names another address now`;
}

/** Rejects with ENGINE_SECRET_MISSING, VAULT_KEY_MISSING, VAULT_DAMAGED, STORE_UNAVAILABLE. Asked at each question, so that what was set or removed counts at once. */
export async function openEngineSecret(
  { store, keys }: { readonly store: Pick<Store, 'engineSecret'>; readonly keys: KeyEncryption },
  slug: string,
  engine: PolicyEngine,
): Promise<Secret<string>> {
  const found = await store.engineSecret.of(Slug.parse(slug));
  const reason = secretMissing(engine, found);
  if (reason !== undefined || found === undefined) {
    const of = { engine: slug, header: engine.secretHeader ?? '', reason: reason ?? 'is none' };
    throw new Fault('ENGINE_SECRET_MISSING', of);
  }
  return await unseal(found.sealed, bindingOfEngine(found), keys);
}

/** What a secret is sealed to. */
export function bindingOfEngine({ engine, header, origin }: Pick<EngineSecret, 'engine' | 'header' | 'origin'>): Binding {
  return { table: 'engine_secret', column: 'sealed', row: engine, name: header, origin };
}
