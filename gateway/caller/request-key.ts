// The keys with which requests to remote servers are signed (Ed25519), in `<data>/key/request.jwks`: made when they are first needed. All of them are
// published; a new one signs only after everybody who keeps what was published had the time to look again. The rule: what is published holds no private part.
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { PublicKey } from '#contract/egress-document.ts';
import { Fault } from '#contract/error.ts';
import { readKeyFile, writeKeyFile } from '../key-file.ts';

export interface RequestKey {
  /** Its `kid` is the thumbprint (RFC 7638, RFC 8037). */
  readonly published: PublicKey;
  readonly key: KeyObject;
  /** In ms since the epoch. */
  readonly signsFrom: number;
}
export interface RequestKeys {
  /** The newest first, at least one. Rejects with FILE_UNUSABLE. */
  all(): Promise<readonly RequestKey[]>;
  /** The one that signs at this time. */
  current(now: number): Promise<RequestKey>;
}

/** As long as caches may keep what was published, and a little. */
const announcedMs = 2 * 3_600_000;
const lookAgainAfterMs = 1000;
const base64url = z.base64url().length(43);
const PrivateKey = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: base64url,
  d: base64url,
  kid: base64url,
  signsFrom: z.number().int().nonnegative(),
});
type PrivateKey = z.infer<typeof PrivateKey>;
const KeyFile = z.object({ keys: z.array(PrivateKey).min(1).max(4) });

/** Nothing is read or made yet. What another process changes is seen within a second. */
export function openRequestKeys(dataDir: string): RequestKeys {
  const file = fileIn(dataDir);
  let known: { readonly keys: readonly RequestKey[]; readonly mark: string } | undefined;
  let lookedAt = -lookAgainAfterMs;

  async function all(): Promise<readonly RequestKey[]> {
    if (known && performance.now() - lookedAt < lookAgainAfterMs) return known.keys;
    const mark = await markOf(file);
    if (!known || mark === undefined || known.mark !== mark)
      known = { keys: (await readOrMake(file)).map(opened), mark: (await markOf(file)) ?? '' };
    lookedAt = performance.now();
    return known.keys;
  }
  return {
    all,
    async current(now) {
      const keys = await all();
      const found = keys.find(({ signsFrom }) => signsFrom <= now) ?? keys.at(-1);
      if (!found) throw new Fault('FILE_UNUSABLE', { file, reason: 'it holds no key' });
      return found;
    },
  };
}

/** A new key: `announced` beside the one that signs until then, or `at once` in place of all others, for when one may have been read. Returns when it signs. */
export async function addRequestKey(
  dataDir: string,
  how: 'announced' | 'at once',
  now: number,
): Promise<{ kid: string; signsFrom: number }> {
  const file = fileIn(dataDir);
  const made = newKey(how === 'announced' ? now + announcedMs : now);
  const signing = how === 'announced' ? (await readOrMake(file)).find(({ signsFrom }) => signsFrom <= now) : undefined;
  await writeKeyFile(file, textOf(signing ? [made, signing] : [made]), 'over it');
  return { kid: made.kid, signsFrom: made.signsFrom };
}

const fileIn = (dataDir: string) => join(dataDir, 'key', 'request.jwks');
const textOf = (keys: readonly PrivateKey[]) => `${JSON.stringify({ keys })}\n`;

async function markOf(file: string): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined);
  return found && `${found.ino} ${found.mtimeMs} ${found.size}`;
}

async function readOrMake(file: string): Promise<readonly PrivateKey[]> {
  let text = await readKeyFile(file);
  if (text === undefined) {
    await writeKeyFile(file, textOf([newKey(0)]), 'only where there is none');
    text = await readKeyFile(file);
  }
  try {
    const { keys } = KeyFile.parse(JSON.parse(text ?? ''));
    if (keys.some((key) => key.kid !== thumbprint(key))) throw new Error('a kid is not the thumbprint of its key');
    return keys;
  } catch (cause) {
    throw new Fault('FILE_UNUSABLE', { file, reason: 'it holds no valid keys. Restore it from a backup.' }, { cause });
  }
}

function newKey(signsFrom: number): PrivateKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const jwk = PrivateKey.omit({ kid: true, signsFrom: true }).parse(privateKey.export({ format: 'jwk' }));
  return { ...jwk, kid: thumbprint(jwk), signsFrom };
}

function opened({ kty, crv, x, d, kid, signsFrom }: PrivateKey): RequestKey {
  const key = createPrivateKey({ key: { kty, crv, x, d }, format: 'jwk' });
  return { published: { kty, crv, x, kid, use: 'sig', alg: 'EdDSA' }, key, signsFrom };
}

function thumbprint({ crv, kty, x }: Pick<PrivateKey, 'crv' | 'kty' | 'x'>): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
}
