// Who comes back from an identity provider becomes a user where the provider may make some, and has the teams of their groups there. What it says counts from
// this sign-in to the next, and for a stated time: a host whose person did not come back until then gets no token renewed.
import type { UserId } from '#contract/id.ts';
import type { Store } from '../store/store.ts';
import type { SignInEvents } from './event.ts';
import type { Arrival, IdentityProviderSettings } from './identity-provider.ts';
import { type Person, personByEmail } from './person.ts';

export interface Newcomers {
  /** Rejects with SIGN_IN_REFUSED where nobody may come in by this. */
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
      const { email } = arrival;
      if (!create && groups === undefined) {
        const person = await personByEmail(store, arrival);
        // Somebody of whom a provider said more before: that ends here, and from now on it is this sign-in that tokens are renewed by.
        if (!(await store.signIn.lastArrival(person.id))) return person;
      }
      const { users } = (await store.policy()).policy;
      const isKnown = Object.values(users).some((user) => user.email?.toLowerCase() === email);
      if (!isKnown && create) await events.record({ event: 'person_made', detail: { email, identityProvider: provider } });
      const ofGroups =
        groups && arrival.groups.flatMap((group) => (Object.hasOwn(groups.map, group) ? (groups.map[group] ?? []) : []));
      if (ofGroups) await events.record({ event: 'teams_of_groups', detail: { email, teams: ofGroups.join(' ') } });
      await store.signIn.arrive({ email, provider, makes: create, title: arrival.name, teams, ofGroups, at: now() });
      return personByEmail(store, arrival);
    },
    async isFresh(user) {
      const last = await store.signIn.lastArrival(user);
      if (!last) return true;
      const provider = deps.providers.find(({ slug }) => slug === last.provider);
      return provider !== undefined && now() - last.at <= (provider.signInEveryHours ?? usualHours) * 3_600_000;
    },
  };
}
