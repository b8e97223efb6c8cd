// Text that leaves the gateway server and comes back by way of a host: nobody else can read it, make it or alter it unseen (AES-256-GCM). The rule: each
// process derives its key once, from the key that the gateway server keeps and a salt that stands before all that it seals; so a later process of the same
// gateway server opens that too, and knows that it is an earlier one's. The nonces are random, and no key outlives its process.
import { hkdfSync, randomBytes } from 'node:crypto';
import { decrypt, encrypt, packed, unpacked } from '../aes.ts';

const saltLength = 16;

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
    seal: (text) => Buffer.concat([ownSalt, packed(encrypt(ownKey, text))]).toString('base64url'),
    open(sealed) {
      const bytes = Buffer.from(typeof sealed === 'string' ? sealed : '', 'base64url');
      // Each has one spelling: whatever was added to it is seen.
      if (bytes.length < saltLength || bytes.toString('base64url') !== sealed) return undefined;
      const salt = bytes.subarray(0, saltLength);
      const isEarlier = !salt.equals(ownSalt);
      const plain = decrypt(isEarlier ? derive(salt) : ownKey, unpacked(bytes.subarray(saltLength)));
      return plain && { text: plain.toString('utf8'), isEarlier };
    },
  };
}
