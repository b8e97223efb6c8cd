// Who somebody is to this gateway, and what their teams grant them. The policy is the only truth: an identity provider says an address, never a right.
import { Fault } from '#contract/error.ts';
import { reachedGateways } from '#contract/grant.ts';
import { Slug, UserId } from '#contract/id.ts';
import type { CaptureMode } from '#contract/payload.ts';
import { payloadDays } from '#contract/retention.ts';
import type { Store, StoredPolicy } from '../store/store.ts';
import type { Arrival } from './identity-provider.ts';

/** The cookie of a browser that is signed in for hosts; its value is the id of the item of this model. */
export const hostSession = { model: 'Session', cookie: 'drawbridge-session', secureCookie: '__Host-session' } as const;

export interface Person {
  readonly id: UserId;
  readonly slug: Slug;
  /** Empty of a service account. */
  readonly email: string;
  readonly gateways: readonly Granted[];
}
/** A gateway that the person may call at, as it is shown to them. */
export interface Granted {
  readonly slug: Slug;
  readonly title: string;
  /** Titles of what is assigned to it. */
  readonly servers: readonly string[];
  /** How what is asked and answered there is kept, and for how long (`30d`); undefined where it is not. */
  readonly kept: { readonly mode: CaptureMode; readonly days: string } | undefined;
  /** Tools that need a consent of their own. */
  readonly stepUp: readonly { readonly server: string; readonly title: string; readonly tools: 'all' | readonly string[] }[];
}

/** The user with this e-mail, which an account of ours proved. Rejects with SIGN_IN_REFUSED where there is none, or more than one. */
export async function personByEmail(store: Pick<Store, 'policy'>, { email }: Pick<Arrival, 'email'>): Promise<Person> {
  const stored = await store.policy({ by: 'email', is: email });
  const found = Object.keys(stored.policy.users);
  const [slug] = found;
  if (slug === undefined || found.length > 1) throw notOne(email, found.length > 1 ? 'several' : 'nobody');
  const person = personIn(stored, slug);
  if (!person) throw new Fault('SIGN_IN_REFUSED', { reason: 'your user has no id.' });
  return person;
}

/** Where an address is not the one of exactly one user. */
export function notOne(email: string, how: 'nobody' | 'several'): Fault {
  const what = how === 'several' ? 'several users of this gateway have' : 'no user of this gateway has';
  return new Fault('SIGN_IN_REFUSED', { reason: `${what} the e-mail address ${email}. Ask your administrator.` });
}

/** The user with this id; undefined where the policy has none any more. */
export async function personById(store: Pick<Store, 'policy'>, id: string): Promise<Person | undefined> {
  const stored = await store.policy({ by: 'id', is: id });
  const [slug] = Object.keys(stored.policy.users);
  return slug === undefined ? undefined : personIn(stored, slug);
}

/** The user of this name, a service account too; undefined where the policy has none. */
export async function personBySlug(store: Pick<Store, 'policy'>, slug: string): Promise<Person | undefined> {
  return personIn(await store.policy({ by: 'slug', is: slug }), slug);
}

function personIn({ policy, ids }: StoredPolicy, slug: string): Person | undefined {
  const name = Slug.safeParse(slug);
  const user = name.success ? policy.users[name.data] : undefined;
  const id = UserId.safeParse(ids.users[slug]);
  if (!name.success || !user || !id.success) return undefined;
  const servers = new Map<string, string | undefined>(
    Object.entries(policy.servers).map(([server, { title }]) => [server, title]),
  );
  const gateways = [...reachedGateways(policy, user)].flatMap((of) => {
    const gateway = policy.gateways[of];
    if (!gateway) return [];
    const titles = Object.keys(gateway.assignments).map((server) => servers.get(server) ?? server);
    const stepUp = Object.entries(gateway.assignments).flatMap(([server, { stepUp: tools = 'none' }]) => {
      const id = ids.servers[server];
      return tools === 'none' || id === undefined ? [] : [{ server: id, title: servers.get(server) ?? server, tools }];
    });
    const { title = of, capture = 'off' } = gateway;
    const kept = capture === 'off' ? undefined : { mode: capture, days: payloadDays(policy.retention) };
    return [{ slug: of, title, servers: titles, kept, stepUp }];
  });
  return { id: id.data, slug: name.data, email: user.email ?? '', gateways };
}
