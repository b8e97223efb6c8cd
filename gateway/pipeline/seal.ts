// Text that leaves the gateway server and comes back by way of a host: nobody else can read it, make it or alter it unseen (AES-256-GCM). The rule: each
// process derives its key once, from the key that the gateway server keeps and a salt that stands before all that it seals; so a later process of the same
// gateway server opens that too, and knows that it is an earlier one's. The nonces are random, and no key outlives its process.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const saltLength = 16;
const ivLength = 12;
const tagLength = 16;

export interface Opened {
  readonly text: string;
  /** An earlier process of this gateway server sealed it. */
  readonly isEarlier: boolean;
}
export interface Seal {
  seal(text: string): string;
  /** Undefined where it was not sealed here for this purpose, or is not as it was. */
  open(sealed: unknown): Opened | undefined;
}

/** `secret` is the gateway server's own, the same in each of its processes; what was sealed for one purpose does not open for another. */
export function createSeal(secret: Buffer, purpose: string): Seal {
  const derive = (salt: Buffer) => Buffer.from(hkdfSync('sha256', secret, salt, `drawbridge seal 1: ${purpose}`, 32));
  const ownSalt = randomBytes(saltLength);
  const ownKey = derive(ownSalt);
  return {
    seal(text) {
      const iv = randomBytes(ivLength);
      const cipher = createCipheriv('aes-256-gcm', ownKey, iv);
      const body = [cipher.update(text, 'utf8'), cipher.final()];
      return Buffer.concat([ownSalt, iv, ...body, cipher.getAuthTag()]).toString('base64url');
    },
    open(sealed) {
      const bytes = Buffer.from(typeof sealed === 'string' ? sealed : '', 'base64url');
      // Each has one spelling: whatever was added to it is seen.
      if (bytes.length < saltLength + ivLength + tagLength || bytes.toString('base64url') !== sealed) return undefined;
      const salt = bytes.subarray(0, saltLength);
      const isEarlier = !salt.equals(ownSalt);
      const iv = bytes.subarray(saltLength, saltLength + ivLength);
      try {
        const decipher = createDecipheriv('aes-256-gcm', isEarlier ? derive(salt) : ownKey, iv, { authTagLength: tagLength });
        decipher.setAuthTag(bytes.subarray(-tagLength));
        const plain = [decipher.update(bytes.subarray(saltLength + ivLength, -tagLength)), decipher.final()];
        return { text: Buffer.concat(plain).toString('utf8'), isEarlier };
      } catch {
        return undefined;
      }
    },
  };
}
