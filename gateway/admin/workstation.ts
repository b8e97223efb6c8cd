// Workstations as administrators see and revoke them.
import { type DeviceStanding, standingOf } from '#contract/device.ts';
import type { Store, Workstation } from '../store/store.ts';
import { type Acting, doing } from './context.ts';
import { unknownName } from './suggest.ts';

export type StandingWorkstation = Workstation & { readonly standing: DeviceStanding | null };

/** Every one that was ever enrolled, and how it stands by its own last word. */
export async function standingWorkstations(
  store: Pick<Store, 'workstations' | 'postures'>,
  now: number,
): Promise<readonly StandingWorkstation[]> {
  const [all, postures] = await Promise.all([store.workstations(), store.postures()]);
  return all.map((one) => ({ ...one, standing: one.revokedAt === null ? standingOf(postures.get(one.id), now) : null }));
}

/** False where it was revoked already. Rejects with NAME_UNKNOWN. */
export async function revokeWorkstation(acting: Acting, id: string, now: number): Promise<boolean> {
  const all = await acting.store.workstations();
  const found = all.find((one) => one.id === id);
  const ids = all.map((one) => one.id);
  if (!found) throw unknownName('workstation', id, ids, '`token enroll` begins one');
  const before = told(found);
  const of = { operation: 'workstations.revoke', target: found.id, before, after: { ...before, revokedAt: now } };
  return doing(acting, now, of).revokeWorkstation(found.id, now);
}

function told({ id, user, hostname, osUser, platform, thumbprint, enrolledAt, revokedAt }: Workstation) {
  return { id, user, hostname, osUser, platform, thumbprint, enrolledAt, revokedAt };
}
