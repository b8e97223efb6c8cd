// Signatures of device keys: ES256 in IEEE P1363 form, base64url. The rule: whatever is no such signature by that key, of whatever shape, has signed nothing.
import { verify } from 'node:crypto';
import type { PublicKey } from '#contract/enrollment.ts';

/** What somebody says to have signed. */
export interface Signed {
  readonly publicKey: PublicKey;
  readonly text: string;
  /** base64url. */
  readonly signature: string;
}

/** Off the main thread: it is the dearest part of a handshake. */
export function isSigned(of: Signed): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      verify('sha256', Buffer.from(of.text), keyOf(of), bytesOf(of), (error, isTrue) => resolve(error === null && isTrue));
    } catch {
      resolve(false);
    }
  });
}

/** On this thread. */
export function isSignedHere(of: Signed): boolean {
  try {
    return verify('sha256', Buffer.from(of.text), keyOf(of), bytesOf(of));
  } catch {
    return false;
  }
}

function keyOf({ publicKey: { kty, crv, x, y } }: Signed) {
  return { key: { kty, crv, x, y }, format: 'jwk', dsaEncoding: 'ieee-p1363' } as const;
}

function bytesOf({ signature }: Signed): Buffer {
  return Buffer.from(signature, 'base64url');
}
