// The key that this gateway signs with, made when it first serves and kept for good: what it signed can be checked for as long as it lives.
// It lies in a file of its own that only the gateway's user can read, never in the database.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { readKeyFile, writeKeyFile } from '../key-file.ts';

export interface SigningKey {
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string;
  readonly key: KeyObject;
}

const PrivateJwk = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.base64url().length(43),
  y: z.base64url().length(43),
  d: z.base64url().length(43),
  kid: z.string(),
});
type PrivateJwk = z.infer<typeof PrivateJwk>;

/** Reads `<data>/key/signing.jwk`, or makes it. The caller holds the lock of the data directory. Throws FILE_UNUSABLE. */
export async function openSigningKey(dataDir: string): Promise<SigningKey> {
  const file = fileIn(dataDir);
  const text = await readKeyFile(file);
  return text === undefined ? make(file) : read(text, file);
}

/** The key of a gateway server that has served. Rejects with FILE_UNUSABLE where there is none. */
export async function readSigningKey(dataDir: string): Promise<SigningKey> {
  const file = fileIn(dataDir);
  const text = await readKeyFile(file);
  if (text === undefined) throw new Fault('FILE_UNUSABLE', { file, reason: 'there is no key. Start `serve` once to make it.' });
  return read(text, file);
}

const fileIn = (dataDir: string) => join(dataDir, 'key', 'signing.jwk');

/** A secret for one purpose, the same as long as the key is. */
export function deriveSecret({ key }: SigningKey, purpose: string): Buffer {
  const bytes = key.export({ format: 'der', type: 'pkcs8' });
  return Buffer.from(hkdfSync('sha256', bytes, '', `drawbridge: ${purpose}`, 32));
}

/** ES256 (RFC 7518, section 3.4), base64url. Each purpose has texts of its own, so that none stands for another. */
export function signWith({ key }: SigningKey, text: string): string {
  return sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
}

export function isSignedWith({ key }: SigningKey, text: string, signature: string): boolean {
  const publicKey = createPublicKey(key);
  return verify('sha256', Buffer.from(text), { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
}

function read(text: string, file: string): SigningKey {
  try {
    const jwk = PrivateJwk.parse(JSON.parse(text));
    if (jwk.kid !== thumbprint(jwk)) throw new Error('the kid is not the thumbprint of the key');
    return { kid: jwk.kid, key: createPrivateKey({ key: jwk, format: 'jwk' }) };
  } catch (cause) {
    // A new key in its place would make everything signed before unverifiable, so that is a person's decision.
    throw new Fault('FILE_UNUSABLE', { file, reason: 'it holds no valid key. Restore it from a backup.' }, { cause });
  }
}

async function make(file: string): Promise<SigningKey> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const exported = PrivateJwk.omit({ kid: true }).parse(privateKey.export({ format: 'jwk' }));
  const kid = thumbprint(exported);
  await writeKeyFile(file, `${JSON.stringify({ ...exported, kid })}\n`, 'only where there is none');
  return { kid, key: privateKey };
}

function thumbprint({ crv, kty, x, y }: Omit<PrivateJwk, 'kid'>): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}
