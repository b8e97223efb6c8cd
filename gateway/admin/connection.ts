// Connections, the AI hosts that people let in by signing in, as administrators see and revoke them.
import type { Connection } from '../store/sign-in.ts';
import { type Acting, doing } from './context.ts';
import { unknownName } from './suggest.ts';

/** False where it was revoked already. Rejects with NAME_UNKNOWN. */
export async function revokeConnection(acting: Acting, id: string, now: number): Promise<boolean> {
  const all = await acting.store.signIn.connections();
  const found = all.find((one) => one.id === id);
  const ids = all.map((one) => one.id);
  if (!found) throw unknownName('connection', id, ids, 'a host makes one when it signs in');
  const before = told(found);
  const of = { operation: 'connections.revoke', target: found.id, before, after: { ...before, revokedAt: now } };
  return doing(acting, now, of).signIn.revokeConnection(found.id, now);
}

function told({ id, user, gateway, client, host, title, redirect, createdAt, revokedAt }: Connection) {
  return { id, user: user.slug, gateway, client, host, title, redirect, createdAt, revokedAt };
}
