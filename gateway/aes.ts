// AES-256-GCM (NIST SP 800-38D): whatever this gateway server seals, it seals here. The rule: each value has a random nonce of 96 bits and a whole tag of 128;
// what is not exactly as it was sealed, under this key and for this purpose, does not open.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const cipher = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

export interface Sealed {
  readonly nonce: Buffer;
  readonly text: Buffer;
  readonly tag: Buffer;
}

/** `key`: 32 bytes. `about`: what is authenticated with it and not kept; the same has to be given to open it. */
export function encrypt(key: Uint8Array, plain: string | Uint8Array, about: Uint8Array = nothing): Sealed {
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, key, nonce, { authTagLength: tagBytes }).setAAD(about);
  const begun = typeof plain === 'string' ? sealing.update(plain, 'utf8') : sealing.update(plain);
  return { nonce, text: Buffer.concat([begun, sealing.final()]), tag: sealing.getAuthTag() };
}

/** Undefined where it is not what was sealed. */
export function decrypt(key: Uint8Array, { nonce, text, tag }: Sealed, about: Uint8Array = nothing): Buffer | undefined {
  if (nonce.length !== nonceBytes || tag.length !== tagBytes) return undefined;
  try {
    const opening = createDecipheriv(cipher, key, nonce, { authTagLength: tagBytes }).setAAD(about).setAuthTag(tag);
    return Buffer.concat([opening.update(text), opening.final()]);
  } catch {
    return undefined;
  }
}

/** In one piece: nonce, text, tag. */
export function packed({ nonce, text, tag }: Sealed): Buffer {
  return Buffer.concat([nonce, text, tag]);
}

/** Of less than a nonce and a tag, what does not open. */
export function unpacked(bytes: Buffer): Sealed {
  const end = Math.max(nonceBytes, bytes.length - tagBytes);
  return { nonce: bytes.subarray(0, nonceBytes), text: bytes.subarray(nonceBytes, end), tag: bytes.subarray(end) };
}

const nothing = new Uint8Array();
