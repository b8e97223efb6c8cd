// Which identities of their own a person needs at the gateways that their teams grant, and how each of them stands. Rule: what can't be read is not there.
import type { GatewayId, IdentityId, UserId } from '#contract/id.ts';
import { GatewayId as GatewayIdSchema } from '#contract/id.ts';
import type { Store, StoredIdentity } from '../store/store.ts';
import type { Vault } from '../vault/vault.ts';
import { type RemotePlace, remotePlace } from './place.ts';

/** `more`: it works, and its server wanted more than it allows. `ended`: a person has to sign in again. */
export type Standing = 'missing' | 'connected' | 'more' | 'ended';
export interface OwnIdentity {
  readonly place: RemotePlace;
  readonly standing: Standing;
  readonly identity:
    | {
        readonly id: IdentityId;
        readonly setAt: number;
        readonly isSignIn: boolean;
        readonly issuer: string | undefined;
        /** The one gateway that it is for, where it is for one. */
        readonly gateway: string | undefined;
      }
    | undefined;
}
export interface OwnIdentities {
  readonly own: readonly OwnIdentity[];
  /** Titles of servers that everybody calls by one identity. */
  readonly shared: readonly string[];
}
interface Who {
  readonly id: UserId;
  /** Slugs of the gateways that count. */
  readonly gateways: readonly string[];
}
interface Deps {
  readonly store: Pick<Store, 'policy' | 'identity'>;
  readonly vault: Pick<Vault, 'open'>;
  readonly now: () => number;
}

export async function ownIdentities(deps: Deps, { id: user, gateways }: Who): Promise<OwnIdentities> {
  const stored = await deps.store.policy('nobody');
  const own = new Map<string, { place: RemotePlace; at: GatewayId[] }>();
  const shared = new Set<string>();
  const byName = new Map(Object.entries(stored.policy.gateways));
  for (const gateway of gateways) {
    const id = GatewayIdSchema.safeParse(new Map(Object.entries(stored.ids.gateways)).get(gateway));
    if (!id.success) continue;
    for (const [slug, { identity }] of Object.entries(byName.get(gateway)?.assignments ?? {})) {
      const place = remotePlace(stored, slug);
      if (!place || place.auth === 'none') continue;
      if (identity === 'shared') shared.add(place.title);
      if (identity !== 'own') continue;
      const known = own.get(slug) ?? { place, at: [] };
      known.at.push(id.data);
      own.set(slug, known);
    }
  }
  const all: OwnIdentity[] = [];
  for (const { place, at } of own.values()) {
    const rows = new Map<string, StoredIdentity | undefined>();
    for (const gateway of at) {
      const row = await deps.store.identity(place.server.id, user, gateway);
      rows.set(row?.id ?? '', row);
    }
    for (const row of rows.values()) all.push(await standingOf(deps, place, row));
  }
  return { own: all, shared: [...shared] };
}

async function standingOf({ vault, now }: Deps, place: RemotePlace, row: StoredIdentity | undefined): Promise<OwnIdentity> {
  if (!row) return { place, standing: 'missing', identity: undefined };
  const opened = await vault.open(row).catch(() => undefined);
  const { set } = opened ?? {};
  const gateway = row.gateway?.slug;
  const identity = { id: row.id, setAt: row.setAt, isSignIn: row.kind === 'oauth', issuer: set?.issuer, gateway };
  const counts = opened !== undefined && row.origin === place.origin && !(row.kind === 'oauth' && place.auth === 'header');
  if (!counts) return { place, standing: 'missing', identity };
  if (!set) return { place, standing: 'connected', identity };
  const isOver = set.access === undefined || (set.refresh === undefined && (set.expiresAt ?? Infinity) <= now());
  if (isOver) return { place, standing: 'ended', identity };
  const has = new Set((set.scope ?? '').split(' '));
  const wantsMore = (set.wanted ?? '').split(' ').some((scope) => scope !== '' && !has.has(scope));
  return { place, standing: wantsMore ? 'more' : 'connected', identity };
}
