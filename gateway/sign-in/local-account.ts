// The account for an emergency: a password and a changing code, made by a one-time link that an administrator takes at the command line. It says who somebody
// is when no identity provider can; what they may reach is still the policy's.
import { createHmac, hash, hkdfSync, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { Secret as TotpSecret, TOTP } from 'otpauth';
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { decrypt, encrypt } from '../aes.ts';
import type { SigningKey } from '../caller/signing-key.ts';
import { accountLinkModel, type SignInStore } from '../store/sign-in.ts';

export const shortestPassword = 14;

export interface LocalAccounts {
  /** Whether there is one. */
  isAny(): Promise<boolean>;
  /**
   * The verified e-mail. Rejects with SIGN_IN_REFUSED, the same for whatever was wrong (`wrong: code` is for the record alone), or BUSY. `network`: where it
   * comes from, as text.
   */
  check(of: { email: string; password: string; code: string; network: string }): Promise<string>;
  /** What to put into an authenticator, while the link counts. Rejects with SIGN_IN_OVER. */
  offer(link: string): Promise<{ readonly secret: string; readonly uri: string }>;
  /** Makes the account, or replaces it, and spends the link. Rejects with SIGN_IN_OVER, or SIGN_IN_REFUSED with what to mend. */
  make(link: string, of: { email: string; password: string; code: string }): Promise<void>;
}

const stepMs = 30_000;
const checksAtOnce = 4;
/** With five attempts of a network at most, it takes forty networks to fill it; the last one waits some ten seconds. */
const waitAtMost = 200;
/** About 64 MiB and a fifth of a second each (OWASP: scrypt with N 2^16, r 8, p 1 or more). */
const cost = { N: 65_536, r: 8, p: 1, maxmem: 160 * 1024 * 1024 };
const Hashed = z.string().regex(/^scrypt\$[\w-]+\$[\w-]+$/);

export function createLocalAccounts(deps: { store: SignInStore; signingKey: SigningKey; now: () => number }): LocalAccounts {
  const { store, now } = deps;
  const root = deps.signingKey.key.export({ format: 'der', type: 'pkcs8' });
  const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', root, '', `drawbridge ${purpose}`, 32));
  const [sealKey, linkKey] = [derive('local account'), derive('account link')];
  let checking = 0;
  const waiting: (() => void)[] = [];

  /** Of an account that nobody has: so long as that takes, nobody learns which accounts there are. */
  const nobody = `scrypt$${randomBytes(16).toString('base64url')}$${randomBytes(32).toString('base64url')}`;

  /** One after the other where many come: who guesses slows everybody down, and keeps nobody out. */
  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (checking < checksAtOnce) checking++;
    else if (waiting.length >= waitAtMost) throw new Fault('BUSY', { what: 'passwords' });
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else checking--;
    }
  }

  async function living(link: string): Promise<void> {
    const item = await store.item(accountLinkModel, hash('sha256', link));
    if (!item || item.expiresAt <= now()) throw new Fault('SIGN_IN_OVER');
  }
  const totpOf = (secret: string, label = '') => new TOTP({ issuer: 'Drawbridge', label, secret: TotpSecret.fromBase32(secret) });
  /** The same each time that the page of a link is opened. */
  const secretOf = (link: string) =>
    new TotpSecret({ buffer: new Uint8Array(createHmac('sha256', linkKey).update(link).digest().subarray(0, 20)).buffer }).base32;
  /** The step that a code belongs to, undefined where it is wrong. */
  function stepOf(secret: string, code: string): number | undefined {
    if (!/^\d{6}$/.test(code)) return undefined;
    const delta = totpOf(secret).validate({ token: code, window: 1, timestamp: now() });
    return delta === null ? undefined : Math.floor(now() / stepMs) + delta;
  }

  return {
    isAny: async () => (await store.accounts()).length > 0,
    async check({ email, password, code, network: from }) {
      const reason = 'the address, the password or the code is wrong, or there were too many attempts.';
      const network = hash('sha256', from);
      if (!(await store.beginAttempt(network, now()))) throw new Fault('SIGN_IN_REFUSED', { reason });
      const account = (await store.accounts()).find((one) => one.email === email);
      const isRight = await inTurn(() => fits(password, account?.password ?? nobody));
      if (!account || !isRight) throw new Fault('SIGN_IN_REFUSED', { reason });
      // Only who knows the password gets as far as to a lock that is everybody's.
      const isCounted = await store.beginCode(email, now());
      const step = isCounted ? stepOf(open(sealKey, email, account.totp), code.replaceAll(' ', '')) : undefined;
      // A code counts once, also where somebody read it along.
      if (step === undefined || !(await store.passAttempt(email, step, network)))
        throw new Fault('SIGN_IN_REFUSED', { reason, wrong: 'code' });
      return email;
    },
    async offer(link) {
      await living(link);
      const secret = secretOf(link);
      return { secret, uri: totpOf(secret, 'emergency account').toString() };
    },
    async make(link, { email, password, code }) {
      await living(link);
      if (password.length < shortestPassword || password.length > 1000)
        throw new Fault('SIGN_IN_REFUSED', { reason: `the password has to have at least ${shortestPassword} characters.` });
      const secret = secretOf(link);
      if (stepOf(secret, code.replaceAll(' ', '')) === undefined)
        throw new Fault('SIGN_IN_REFUSED', { reason: 'the code is not the one that the authenticator shows now.' });
      const hashed = await inTurn(() => hashPassword(password));
      if (!(await store.removeItem(accountLinkModel, hash('sha256', link)))) throw new Fault('SIGN_IN_OVER');
      await store.putAccount({ email, password: hashed, totp: seal(sealKey, email, secret), createdAt: now() });
    },
  };
}

function derived(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    scrypt(password.normalize('NFKC'), salt, 32, cost, (error, key) => (error ? reject(error) : resolve(key))),
  );
}

async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return `scrypt$${salt.toString('base64url')}$${(await derived(password, salt)).toString('base64url')}`;
}

async function fits(password: string, hashed: string): Promise<boolean> {
  const [, salt = '', key = ''] = Hashed.parse(hashed).split('$');
  const expected = Buffer.from(key, 'base64url');
  const given = await derived(password, Buffer.from(salt, 'base64url'));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Bound to the account: nonce, tag and text, each by itself. */
function seal(key: Buffer, email: string, plain: string): string {
  const { nonce, tag, text } = encrypt(key, plain, Buffer.from(email));
  return [nonce, tag, text].map((part) => part.toString('base64url')).join('.');
}

function open(key: Buffer, email: string, kept: string): string {
  const [nonce = '', tag = '', text = ''] = kept.split('.');
  const of = (part: string) => Buffer.from(part, 'base64url');
  const plain = decrypt(key, { nonce: of(nonce), tag: of(tag), text: of(text) }, Buffer.from(email));
  if (plain === undefined)
    throw new Fault('SECRET_UNREADABLE', { name: 'local account', reason: 'it was sealed with another signing key' });
  return plain.toString('utf8');
}
