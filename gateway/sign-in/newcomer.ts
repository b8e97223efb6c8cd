// Who comes back from an identity provider is the user of that account, or becomes one where the provider may make some, and has the teams of their groups there. An
// address says who somebody is once, at the first sign-in of an account (store/sql/account.ts). What a provider says counts from
// this sign-in to the next, and for a stated time: a host whose person did not come back until then gets no token renewed.
import { Fault } from '#contract/error.ts';
import type { UserId } from '#contract/id.ts';
import type { Whose } from '../store/sign-in.ts';
import type { Store } from '../store/store.ts';
import type { SignInEvents } from './event.ts';
import type { Arrival, IdentityProviderSettings } from './identity-provider.ts';
import { notOne, type Person, personById } from './person.ts';

export interface Newcomers {
  /** Rejects with SIGN_IN_REFUSED where nobody may come in by this, and with ACCOUNT_OF_ANOTHER where its user comes by another account. */
  welcome(settings: IdentityProviderSettings, arrival: Arrival): Promise<Person>;
  /** Whether what the identity provider said of this user may still be believed. */
  isFresh(user: UserId): Promise<boolean>;
}

const usualHours = 24;

export function createNewcomers(deps: {
  store: Store;
  events: SignInEvents;
  providers: readonly IdentityProviderSettings[];
  now: () => number;
}): Newcomers {
  const { store, events, now } = deps;
  return {
    async welcome(settings, arrival) {
      const { slug: provider, create = false, teams = [], groups } = settings;
      const { issuer, subject, email } = arrival;
      const whose = await store.signIn.whose(arrival);
      refuseOthers(whose, email, create);
      const detail = { email, identityProvider: provider };
      if (whose.kind === 'nobody') await events.record({ event: 'person_made', detail });
      if (whose.kind !== 'bound') await events.record({ event: 'account_bound', detail: { ...detail, issuer, subject } });
      const ofGroups =
        groups && arrival.groups.flatMap((group) => (Object.hasOwn(groups.map, group) ? (groups.map[group] ?? []) : []));
      if (ofGroups) await events.record({ event: 'teams_of_groups', detail: { email, teams: ofGroups.join(' ') } });
      const given = { makes: create, gives: create || groups !== undefined, teams, ofGroups };
      const came = await store.signIn.arrive({ issuer, subject, email, provider, title: arrival.name, at: now(), ...given });
      refuseOthers(came, email, create);
      const after = came.kind === 'nobody' ? await store.signIn.whose(arrival) : came;
      const person = 'user' in after ? await personById(store, after.user) : undefined;
      if (!person) throw notOne(email, 'nobody');
      return person;
    },
    async isFresh(user) {
      const last = await store.signIn.lastArrival(user);
      if (!last) return true;
      const provider = deps.providers.find(({ slug }) => slug === last.provider);
      return provider !== undefined && now() - last.at <= (provider.signInEveryHours ?? usualHours) * 3_600_000;
    },
  };
}

/** Throws where nobody may come in by this account. */
function refuseOthers(whose: Whose, email: string, create: boolean): void {
  if (whose.kind === 'elsewhere') throw new Fault('ACCOUNT_OF_ANOTHER', { user: whose.slug });
  if (whose.kind === 'several' || (whose.kind === 'nobody' && !create)) throw notOne(email, whose.kind);
}
