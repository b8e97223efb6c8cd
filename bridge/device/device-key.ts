// The device's key: P-256, made here, its private half never anywhere but in the secret store and in this process.
import { createHash, createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { PublicKey, thumbprintText } from '#contract/enrollment.ts';
import { Fault } from '#contract/error.ts';
import { reveal, Secret } from '#contract/secret.ts';

export interface DeviceKey {
  readonly publicKey: PublicKey;
  /** RFC 7638, base64url. */
  readonly thumbprint: string;
  /** ES256 in IEEE P1363 form, base64url. */
  sign(text: string): string;
}

const PrivateKey = PublicKey.extend({ d: z.base64url().length(43) });

/** A new key, and its private half as it goes into the secret store. */
export function makeDeviceKey(): { readonly key: DeviceKey; readonly jwk: Secret<string> } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = PrivateKey.parse(privateKey.export({ format: 'jwk' }));
  return { key: keyOf(privateKey, jwk), jwk: new Secret(JSON.stringify(jwk)) };
}

/** Throws SECRET_UNREADABLE where the text is not such a key. */
export function readDeviceKey(jwk: Secret<string>): DeviceKey {
  try {
    const parsed = PrivateKey.parse(JSON.parse(reveal(jwk)));
    return keyOf(createPrivateKey({ key: parsed, format: 'jwk' }), parsed);
  } catch {
    // The cause would hold the key.
    throw new Fault('SECRET_UNREADABLE', { name: 'device key', reason: 'it is damaged' });
  }
}

function keyOf(privateKey: KeyObject, { kty, crv, x, y }: PublicKey): DeviceKey {
  const publicKey = { kty, crv, x, y };
  return {
    publicKey,
    thumbprint: createHash('sha256').update(thumbprintText(publicKey)).digest('base64url'),
    sign: (text) => sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url'),
  };
}
