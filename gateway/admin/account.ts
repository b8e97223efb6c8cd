// The emergency accounts of the gateway server's own: the link behind which one is made, and their removal.
import { hash, randomBytes } from 'node:crypto';
import { accountLinkModel } from '../store/sign-in.ts';
import { type Acting, doing } from './context.ts';
import { unknownName } from './suggest.ts';

/** The path of a one-time link; its SHA-256 alone is kept. */
export async function linkAccount(acting: Acting, now: number, expiresAt: number): Promise<string> {
  const link = randomBytes(32).toString('base64url');
  const item = { model: accountLinkModel, key: hash('sha256', link), family: null, uid: null, connection: null };
  // On record first: who has the link is somebody here.
  const to = doing(acting, now, { operation: 'accounts.link', target: null, before: null, after: { expiresAt } });
  await to.administration.noteDeed();
  await to.signIn.putItem({ ...item, body: '{}', expiresAt, consumedAt: null }, now);
  return `/sign-in/account/${link}`;
}

/** Rejects with NAME_UNKNOWN. */
export async function removeAccount(acting: Acting, email: string, now: number): Promise<void> {
  const known = await acting.store.signIn.accounts();
  const found = known.find((one) => one.email === email.toLowerCase());
  const before = found && { email: found.email, createdAt: found.createdAt };
  const to = doing(acting, now, { operation: 'accounts.remove', target: email.toLowerCase(), before, after: null });
  if (!(await to.signIn.removeAccount(email.toLowerCase())))
    throw unknownName(
      'account',
      email,
      known.map((one) => one.email),
      '`account link` begins one',
    );
}
