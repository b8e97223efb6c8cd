// What is over by how things stand now, whatever the records say: the record that would have ended an alert may never have been written, where the gateway server was
// started anew, or what the alert is about is gone. The rule: it only closes, and only what can be seen to be over.
import type { Settled } from '../store/alert.ts';
import type { Store } from '../store/store.ts';

/** So long a device has to be on policy: one that comes and goes is one alert. */
const wholeForMs = 60_000;

/** How many were closed. */
export async function settleOver(store: Pick<Store, 'alert' | 'sink' | 'policy' | 'workstations'>, now: number): Promise<number> {
  const devices = await store.alert.settleDevices(now - wholeForMs, now);
  const others = [...(await sinksOver(store)), ...(await serversOver(store))];
  return devices + (others.length === 0 ? 0 : await store.alert.settleAlerts(others, now));
}

async function sinksOver({ alert, sink }: Pick<Store, 'alert' | 'sink'>): Promise<readonly Settled[]> {
  const open = await alert.openAlerts('sink:');
  if (open.length === 0) return [];
  const standing = new Map((await sink.standing()).map((one) => [String(one.slug), one]));
  return open.flatMap(({ key, at: upTo }) => {
    const [, slug = '', about] = key.split(':');
    const now = standing.get(slug);
    const isOver =
      now === undefined ||
      (about === undefined && now.failingSince === null) ||
      (about === 'lagging' && now.owed < now.config.limit / 4) ||
      (about === 'parked' && now.parked === 0);
    return isOver ? [{ key, upTo }] : [];
  });
}

/** Of servers that the policy names no more, and of workstations that are gone. */
async function serversOver(store: Pick<Store, 'alert' | 'policy' | 'workstations'>): Promise<readonly Settled[]> {
  const open = await store.alert.openAlerts('server:');
  if (open.length === 0) return [];
  const [{ policy }, workstations] = await Promise.all([store.policy(), store.workstations()]);
  const live = new Set<string>(workstations.filter(({ revokedAt }) => revokedAt === null).map(({ id }) => id));
  return open.flatMap(({ key, at: upTo }) => {
    const [slug = '', workstation] = key.slice('server:'.length).split('@');
    const isThere = Object.hasOwn(policy.servers, slug) && (workstation === undefined || live.has(workstation));
    return isThere ? [] : [{ key, upTo }];
  });
}
