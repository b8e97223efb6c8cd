// Seals text that must lie in a file, such as the backup of a host's config: AES-256-GCM under a key that is only in the secret store.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Fault } from '#contract/error.ts';
import { reveal, Secret, type Sealer } from '#contract/secret.ts';
import type { SecretStore } from './keychain.ts';

const name = 'sealing-key';
const version = 'v1';
const cipher = 'aes-256-gcm';

/** Makes the key at first use. */
export async function openSealer(secretStore: SecretStore): Promise<Sealer> {
  let stored = await secretStore.get(name);
  if (stored === undefined) {
    stored = new Secret(randomBytes(32).toString('base64url'));
    await secretStore.set(name, stored);
  }
  const key = Buffer.from(reveal(stored), 'base64url');
  if (key.length !== 32) throw new Fault('SECRET_UNREADABLE', { name, reason: 'it is damaged' });
  return {
    seal(plain) {
      const nonce = randomBytes(12);
      const sealing = createCipheriv(cipher, key, nonce);
      const text = Buffer.concat([sealing.update(plain, 'utf8'), sealing.final()]);
      return [version, ...[nonce, text, sealing.getAuthTag()].map((part) => part.toString('base64url'))].join('.');
    },
    open(sealed) {
      try {
        const [tag, ...parts] = sealed.split('.');
        const [nonce, text, mac] = parts.map((part) => Buffer.from(part, 'base64url'));
        if (tag !== version || nonce?.length !== 12 || text === undefined || mac?.length !== 16 || parts.length !== 3)
          throw new Error('not sealed text');
        const opening = createDecipheriv(cipher, key, nonce).setAuthTag(mac);
        return Buffer.concat([opening.update(text), opening.final()]).toString('utf8');
      } catch (cause) {
        throw new Fault('SECRET_UNREADABLE', { name: 'sealed text', reason: 'it was not sealed on this device' }, { cause });
      }
    },
  };
}

/** What was sealed can't be opened again after it. */
export async function forgetSealer(secretStore: SecretStore): Promise<void> {
  await secretStore.remove(name);
}
