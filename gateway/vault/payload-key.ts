// Captured payloads under seal: AES-256-GCM under a data key that this process makes anew each day and that lies in the database, sealed by the vault. So a rotation
// seals a few keys anew and no payload. The rule: a key is in the database before anything lies under it, sealed with what is the newest key-encryption key then.
import { randomBytes } from 'node:crypto';
import { Fault } from '#contract/error.ts';
import { newId } from '#contract/id.ts';
import type { SealedPayload } from '#contract/payload.ts';
import { reveal, Secret } from '#contract/secret.ts';
import type { Store } from '../store/store.ts';
import { type Binding, type KeyEncryption, kidOf, openBytes, seal, sealBytes, unseal } from './seal.ts';

/** For so long payloads are put under one key; a day later it may be removed, where it has none (audit/payload-upkeep.ts). */
const usedForMs = 86_400_000;
type PayloadStore = Pick<Store, 'payload'>;

/** Puts payloads under one key. */
export interface PayloadSeal {
  seal(payload: Omit<SealedPayload, 'key' | 'sealed'>, text: string): SealedPayload;
}
export interface PayloadSeals {
  /** The key of now; at once where there is one. Rejects with VAULT_KEY_MISSING, VAULT_DAMAGED, STORE_UNAVAILABLE. */
  current(): PayloadSeal | Promise<PayloadSeal>;
  /** The key of now is gone from the store: the next one who asks gets a new one. */
  forget(): void;
}

export function createPayloadSeals(deps: {
  readonly store: PayloadStore;
  readonly keys: KeyEncryption;
  readonly now: () => number;
}): PayloadSeals {
  let known: (PayloadSeal & { readonly madeAt: number }) | undefined;
  let making: Promise<PayloadSeal> | undefined;

  async function make(): Promise<PayloadSeal> {
    const madeAt = deps.now();
    const id = newId(madeAt);
    const dataKey = randomBytes(32);
    const binding = bindingOfKey({ id });
    const secret = new Secret(dataKey.toString('base64url'));
    let sealed = await seal(secret, binding, deps.keys);
    await deps.store.payload.addKey({ id, sealed, madeAt });
    // As for identities: the key may have been rotated meanwhile, and the one that was used may be gone.
    while ((await deps.keys.current()) !== kidOf(sealed)) {
      const before = sealed;
      sealed = await seal(secret, binding, deps.keys);
      await deps.store.payload.resealKeys([{ id, before, after: sealed }]);
    }
    known = {
      madeAt,
      seal(payload, text) {
        const of = { ...payload, key: id };
        return { ...of, sealed: sealBytes(dataKey, Buffer.from(text), aboutPayload(of)) };
      },
    };
    return known;
  }

  return {
    current() {
      const age = known === undefined ? Infinity : deps.now() - known.madeAt;
      // A clock that was put back would let a key live on.
      if (known && age >= 0 && age < usedForMs) return known;
      return (making ??= make().finally(() => (making = undefined)));
    },
    forget() {
      known = undefined;
    },
  };
}

/** What was sealed. Rejects with VAULT_KEY_MISSING, VAULT_DAMAGED. */
export async function openPayload(
  { store, keys }: { readonly store: PayloadStore; readonly keys: KeyEncryption },
  payload: SealedPayload,
): Promise<string> {
  const dataKey = await openDataKey({ store, keys }, payload.key);
  try {
    return openBytes(dataKey, payload.sealed, aboutPayload(payload)).toString('utf8');
  } finally {
    dataKey.fill(0);
  }
}

/** Opens many, one after the other: the data key of the last one stays at hand. Rejects as openPayload does. */
export function payloadOpener(of: {
  readonly store: PayloadStore;
  readonly keys: KeyEncryption;
}): (payload: SealedPayload) => Promise<string> {
  let known: { readonly id: string; readonly dataKey: Buffer } | undefined;
  return async (payload) => {
    if (known?.id !== payload.key) known = { id: payload.key, dataKey: await openDataKey(of, payload.key) };
    return openBytes(known.dataKey, payload.sealed, aboutPayload(payload)).toString('utf8');
  };
}

async function openDataKey(
  { store, keys }: { readonly store: PayloadStore; readonly keys: KeyEncryption },
  id: string,
): Promise<Buffer> {
  const key = (await store.payload.keys()).find((one) => one.id === id);
  if (!key) throw new Fault('VAULT_DAMAGED');
  return Buffer.from(reveal(await unseal(key.sealed, bindingOfKey(key), keys)), 'base64url');
}

/** What a data key is sealed to. */
export function bindingOfKey({ id }: { readonly id: string }): Binding {
  return { table: 'payload_key', column: 'sealed', row: id };
}

/** A row that was moved to another record or direction does not open. */
function aboutPayload({ record, direction, key, at }: Omit<SealedPayload, 'sealed'>): Buffer {
  return Buffer.from(JSON.stringify(['drawbridge payload 1', 'payload', 'sealed', record, direction, key, at]));
}
