// Break-glass switches as administrators turn them. The rule: a name that leads to nothing is refused, because who types it at night must not believe that
// something is off.
import type { switchOperations } from '#contract/admin-switch.ts';
import { Fault } from '#contract/error.ts';
import { isVouchedFor } from '#contract/host-identity.ts';
import type { Slug } from '#contract/id.ts';
import type { PolicyFile } from '#contract/policy.ts';
import { everything, identityName, isOff, type Switch, type SwitchKind, type SwitchTarget } from '#contract/switch.ts';
import type { Store } from '../store/store.ts';
import { refuseOver } from './above.ts';
import { needGateway } from './actor.ts';
import { type Acting, doing, type HandlersFor } from './context.ts';
import { page } from './page.ts';
import { unknownName } from './suggest.ts';
import { sees } from './told.ts';

interface Asked {
  readonly kind: SwitchKind;
  readonly name?: string | undefined;
}
interface Found extends SwitchTarget {
  readonly owner: Slug | null;
}

export const switchHandlers: HandlersFor<typeof switchOperations> = {
  'switches.list': async ({ store, now }, { query }) =>
    page(await switchedOff(store, now()), query, ({ kind, name }) => `${kind} ${name}`),
  'switches.off': (context, { body: { kind, name, reason, tell, forSeconds } }) =>
    switchOff(context, { kind, name, reason, isTold: tell, forMs: forSeconds && forSeconds * 1000 }, context.now()),
  'switches.on': (context, { body }) => switchOn(context, body, context.now()),
};

/** What is off now. */
export async function switchedOff(store: Store, now: number): Promise<readonly Switch[]> {
  return (await store.switches()).filter((one) => isOff(one, now));
}

/** Rejects with NAME_UNKNOWN, CHOICE_NEEDED, and where it is above its actor. */
export async function switchOff(
  acting: Acting,
  { reason, isTold, forMs, ...asked }: Asked & { reason: string; isTold: boolean; forMs: number | undefined },
  now: number,
): Promise<Switch> {
  const { policy } = await acting.store.policy();
  const found = await find(acting, policy, asked);
  await refuse(acting, policy, found);
  const until = forMs === undefined ? null : now + forMs;
  const off: Switch = { ...found, reason, isTold, since: now, until, by: nameOf(acting) };
  const before = (await acting.store.switches()).find((one) => isSame(one, off)) ?? null;
  const said = { ...acting, reason: acting.reason ?? reason };
  const deed = { operation: 'switches.off', target: `${off.kind} ${off.name}`, before, after: off };
  await doing(said, now, deed).switchOff(off);
  return off;
}

/** The switch that was off. Rejects with NAME_UNKNOWN where there is none. */
export async function switchOn(acting: Acting, asked: Asked, now: number): Promise<Switch> {
  const off = await switchedOff(acting.store, now);
  const { policy } = await acting.store.policy();
  const named = { kind: asked.kind, name: asked.name ?? everything };
  // What it is about may be gone by now.
  const found = off.find((one) => isSame(one, named)) ?? (await foundAmong(acting, policy, asked, off));
  if (found === undefined) {
    const all = off.filter(({ kind }) => kind === asked.kind).map(({ name }) => name);
    throw unknownName(`${asked.kind} that is switched off`, named.name, all, '`switch off` makes one');
  }
  await refuse(acting, policy, found);
  const deed = { operation: 'switches.on', target: `${found.kind} ${found.name}`, before: found, after: null };
  await doing(acting, now, deed).switchOn(found);
  return found;
}

async function foundAmong(acting: Acting, policy: PolicyFile, asked: Asked, off: readonly Switch[]): Promise<Switch | undefined> {
  const found = await find(acting, policy, asked);
  return off.find((one) => isSame(one, found));
}

function isSame(one: SwitchTarget, other: SwitchTarget): boolean {
  return one.kind === other.kind && one.name === other.name;
}

/** A gateway has to be theirs, and a user must not have more than they have. */
async function refuse({ store, actor }: Acting, policy: PolicyFile, target: SwitchTarget): Promise<void> {
  const gateway = await gatewayOf(store, target);
  if (gateway !== undefined) needGateway(actor, gateway);
  const users = new Map(Object.entries(policy.users));
  if (target.kind === 'user') refuseOver(actor, policy, users.get(target.name)?.role);
}

/** The one gateway that it is about; undefined where it is about none or several, or gone. */
async function gatewayOf(store: Store, { kind, name }: SwitchTarget): Promise<string | undefined> {
  if (kind !== 'connection') return gatewayIn({ kind, name });
  return (await connections(store)).find(({ id }) => id === name)?.gateway;
}

/** Which one a name says. */
function gatewayIn({ kind, name }: Pick<SwitchTarget, 'kind' | 'name'>): string | undefined {
  if (kind === 'gateway' || kind === 'assignment') return name.split('/')[0];
  return kind === 'identity' ? name.split('@')[1] : undefined;
}

/** What is known by the id of a connection: of hosts that signed in, and of those with a token. */
async function connections(store: Store): Promise<readonly { readonly id: string; readonly gateway: Slug }[]> {
  const tokens = (await store.tokens()).filter((one) => one.kind !== 'enroll');
  return [...(await store.signIn.connections()), ...tokens];
}

function nameOf({ actor }: Acting): string {
  if (actor.kind === 'user') return actor.user.slug;
  return actor.kind === 'system' ? actor.part : `${actor.osUser} at the command line`;
}

/** What is meant by a name, by the one that switches know it by. */
async function find(acting: Acting, policy: PolicyFile, { kind, name }: Asked): Promise<Found> {
  const { store, actor } = acting;
  if (kind === 'everything') {
    if (name !== undefined && name !== everything) throw unknownName(kind, name, [everything], 'leave the name out');
    return { kind, name: everything, owner: null };
  }
  if (name === undefined) throw new Fault('SETTING_INVALID', { setting: 'name', reason: `say which ${kind}.` });
  // Whether there is one that is not theirs is nobody's business.
  const gateway = gatewayIn({ kind, name });
  if (gateway !== undefined) needGateway(actor, gateway);
  switch (kind) {
    case 'user':
    case 'server':
    case 'gateway':
      return known(kind, name, Object.keys(policy[`${kind}s`]));
    case 'assignment':
      return known(
        kind,
        name,
        Object.entries(policy.gateways).flatMap(([gateway, { assignments }]) =>
          Object.keys(assignments).map((server) => `${gateway}/${server}`),
        ),
      );
    case 'host': {
      // What somebody vouches for by name may be turned off before it comes for the first time.
      return isVouchedFor(name)
        ? { kind, name, owner: null }
        : known(
            kind,
            name,
            (await store.hosts()).map(({ id }) => id),
          );
    }
    case 'connection':
      return known(
        kind,
        name,
        (await connections(store)).map(({ id }) => id),
      );
    case 'workstation':
      return findWorkstation(acting, name);
    case 'identity':
      return findIdentity(store, policy, name);
  }
}

function known(kind: SwitchKind, name: string, names: readonly string[]): Found {
  if (!names.includes(name)) throw unknownName(kind, name, names, 'there has to be one to switch it off');
  return { kind, name, owner: null };
}

async function findWorkstation({ store, actor }: Acting, name: string): Promise<Found> {
  const all = (await store.workstations()).filter(({ revokedAt }) => revokedAt === null);
  const [first, ...others] = all.filter(({ id, hostname }) => id === name || hostname === name);
  if (first === undefined)
    throw unknownName(
      'workstation',
      name,
      all.flatMap(({ id, hostname }) => [id, hostname]),
      '`token enroll` begins one',
    );
  if (others.length > 0) {
    const fitting = [first, ...others];
    const choices = sees(actor, 'workstation')
      ? fitting.map(({ id, user }) => `${id} (${user})`).join(', ')
      : `${fitting.length} workstations`;
    throw new Fault('CHOICE_NEEDED', { what: `The hostname "${name}"`, choices, hint: 'Name one by its id.' });
  }
  return { kind: 'workstation', name: first.id, owner: first.user };
}

/** By its id, or as identityName() writes it: also before there is one. */
async function findIdentity(store: Store, policy: PolicyFile, name: string): Promise<Found> {
  const kind = 'identity';
  const stored = (await store.identities()).filter((one) => one.kind !== 'client');
  const nameOfOne = ({ server, user, gateway }: (typeof stored)[number]) =>
    identityName({ server: server.slug, user: user?.slug, gateway: gateway?.slug });
  const one = stored.find(({ id }) => id === name);
  const [, server = '', user, gateway] = /^([^/@]+)(?:\/([^/@]+))?(?:@([^/@]+))?$/.exec(one ? nameOfOne(one) : name) ?? [];
  const isThere =
    Object.hasOwn(policy.servers, server) &&
    (user === undefined || Object.hasOwn(policy.users, user)) &&
    (gateway === undefined || Object.hasOwn(policy.gateways, gateway));
  if (!isThere) throw unknownName(kind, name, stored.map(nameOfOne), '`identity set` makes one');
  return { kind, name: identityName({ server, user, gateway }), owner: null };
}
