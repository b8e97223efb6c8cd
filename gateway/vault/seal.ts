// Secrets at rest, AES-256-GCM twice: each value under a data key of its own, and that key under the key-encryption key. What a value belongs to is
// authenticated with it, so a row that was moved to another person, server, column or table does not open.
import { randomBytes } from 'node:crypto';
import { Fault } from '#contract/error.ts';
import { reveal, Secret } from '#contract/secret.ts';
import { decrypt, encrypt, packed, unpacked } from '../aes.ts';

/** Where a value lies and whose it is. */
export type Binding = IdentityBinding | HeaderBinding | PayloadKeyBinding;
/** A data key that captured payloads lie under. */
interface PayloadKeyBinding {
  readonly table: 'payload_key';
  readonly column: 'sealed';
  readonly row: string;
}
interface HeaderBinding {
  readonly table: 'sink_secret' | 'engine_secret';
  readonly column: 'sealed';
  /** The sink, the engine. */
  readonly row: string;
  readonly name: string;
  /** Where it may be sent. */
  readonly origin: string;
}
interface IdentityBinding {
  readonly table: 'identity';
  readonly column: 'sealed';
  readonly row: string;
  readonly server: string;
  /** `shared` where it is nobody's own. */
  readonly user: string;
  /** `any` where it is for every gateway. */
  readonly gateway: string;
  /** Where it may be sent; of a client the authorization server that knows it. */
  readonly origin: string;
  /** What it is: a value of one kind does not open as another. */
  readonly kind: 'token' | 'oauth' | 'client';
}
/** A data key as it may lie in the database, and the name of the key that opens it. */
export interface WrappedKey {
  readonly kid: string;
  readonly wrapped: string;
}
/** Keys that encrypt keys: in a file, in the environment, later in a service. `kid` names one; the newest one wraps. */
export interface KeyEncryption {
  wrap(key: Buffer, about: Buffer): Promise<WrappedKey>;
  /** Rejects with VAULT_KEY_MISSING where it has no such key, VAULT_DAMAGED where the value is not what was wrapped. */
  unwrap(key: WrappedKey, about: Buffer): Promise<Buffer>;
  /** The name of the key that wraps now; undefined where there is none yet. */
  current(): Promise<string | undefined>;
  has(kid: string): Promise<boolean>;
}

/** `1.<kid>.<wrapped data key>.<nonce, ciphertext and tag>`, the last two in base64url. */
export async function seal(secret: Secret<string>, binding: Binding, keys: KeyEncryption): Promise<string> {
  const dataKey = randomBytes(32);
  try {
    const { kid, wrapped } = await keys.wrap(dataKey, about(binding, 'key'));
    return ['1', kid, wrapped, sealBytes(dataKey, Buffer.from(reveal(secret)), about(binding, 'value'))].join('.');
  } finally {
    dataKey.fill(0);
  }
}

/** Rejects with VAULT_KEY_MISSING or VAULT_DAMAGED. */
export async function unseal(sealed: string, binding: Binding, keys: KeyEncryption): Promise<Secret<string>> {
  const { kid, wrapped, value } = partsOf(sealed);
  const dataKey = await keys.unwrap({ kid, wrapped }, about(binding, 'key'));
  try {
    return new Secret(openBytes(dataKey, value, about(binding, 'value')).toString('utf8'));
  } finally {
    dataKey.fill(0);
  }
}

/** The same value, its data key under the newest key. The value itself is not opened. */
export async function rewrap(sealed: string, binding: Binding, keys: KeyEncryption): Promise<string> {
  const { kid, wrapped, value } = partsOf(sealed);
  const dataKey = await keys.unwrap({ kid, wrapped }, about(binding, 'key'));
  try {
    const again = await keys.wrap(dataKey, about(binding, 'key'));
    return ['1', again.kid, again.wrapped, value].join('.');
  } finally {
    dataKey.fill(0);
  }
}

/** The name of the key that a value needs. */
export function kidOf(sealed: string): string {
  return partsOf(sealed).kid;
}

export function sealBytes(key: Buffer, plain: Buffer, additional: Buffer): string {
  return packed(encrypt(key, plain, additional)).toString('base64url');
}

/** Throws VAULT_DAMAGED. */
export function openBytes(key: Buffer, text: string, additional: Buffer): Buffer {
  const plain = decrypt(key, unpacked(Buffer.from(text, 'base64url')), additional);
  if (plain === undefined) throw new Fault('VAULT_DAMAGED');
  return plain;
}

function partsOf(sealed: string): WrappedKey & { readonly value: string } {
  const [version, kid = '', wrapped = '', value = '', ...rest] = sealed.split('.');
  if (version !== '1' || value === '' || rest.length > 0) throw new Fault('VAULT_DAMAGED');
  return { kid, wrapped, value };
}

/** A token as it was given is bound as it was before there were other kinds. */
function about(binding: Binding, what: 'key' | 'value'): Buffer {
  if ('name' in binding) {
    const { table, column, row, name, origin } = binding;
    return Buffer.from(JSON.stringify(['drawbridge vault 1', what, table, column, row, name, origin]));
  }
  if (binding.table === 'payload_key') {
    const { table, column, row } = binding;
    return Buffer.from(JSON.stringify(['drawbridge vault 1', what, table, column, row]));
  }
  const { table, column, row, server, user, gateway, origin, kind } = binding;
  const place = ['drawbridge vault 1', what, table, column, row, server, user, gateway, origin];
  return Buffer.from(JSON.stringify(kind === 'token' ? place : [...place, kind]));
}
