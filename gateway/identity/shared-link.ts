// The one-time link behind which an administrator signs in at a server for everybody: made at the command line of the gateway server, good for a quarter of
// an hour, and spent when somebody is sent away with it. Whoever has it may use it; its SHA-256 alone is kept.
import { hash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { GatewayId, Slug } from '#contract/id.ts';
import type { Store, StoredIdentity } from '../store/store.ts';
import { type RemotePlace, remotePlace } from './place.ts';

export const sharedLinkPath = '/identities/link';
const model = 'IdentityLink';
const Kept = z.object({ server: Slug, gateway: z.object({ id: GatewayId, slug: Slug }).nullable() });

/** The path to open. */
export async function makeLink(
  store: Store,
  of: { server: Slug; gateway: StoredIdentity['gateway']; now: number; expiresAt: number },
): Promise<string> {
  const link = randomBytes(32).toString('base64url');
  const body = JSON.stringify({ server: of.server, gateway: of.gateway } satisfies z.infer<typeof Kept>);
  const item = { model, key: hash('sha256', link), family: null, uid: null, connection: null, consumedAt: null };
  await store.signIn.putItem({ ...item, body, expiresAt: of.expiresAt }, of.now);
  return `${sharedLinkPath}/${link}`;
}

/** Rejects with UPSTREAM_SIGN_IN_OVER where it does not count (any more). */
export async function readLink(
  { store, now }: { store: Store; now: () => number },
  link: string,
): Promise<{ place: RemotePlace; gateway: StoredIdentity['gateway'] }> {
  const item = await store.signIn.item(model, hash('sha256', link));
  const kept = item && item.expiresAt > now() ? Kept.parse(JSON.parse(item.body)) : undefined;
  const place = kept && remotePlace(await store.policy('nobody'), kept.server);
  if (!place || place.auth === 'none' || place.auth === 'header') throw new Fault('UPSTREAM_SIGN_IN_OVER');
  return { place, gateway: kept.gateway };
}

/** Rejects with UPSTREAM_SIGN_IN_OVER where somebody else was quicker. */
export async function spendLink({ store }: { store: Store }, link: string): Promise<void> {
  if (!(await store.signIn.removeItem(model, hash('sha256', link)))) throw new Fault('UPSTREAM_SIGN_IN_OVER');
}
