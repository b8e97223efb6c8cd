// Which hosts are let in to sign in: where an administrator blocked one, or lets in only those on a list, its person is told so on a page, and it is on record.
// A host that is let in no more gets no token renewed.
import { Fault } from '#contract/error.ts';
import { isHostRefused } from '#contract/host-identity.ts';
import type { Slug } from '#contract/id.ts';
import type { Store } from '../store/store.ts';
import type { ClientMetadata } from './client.ts';
import type { SignInEvents } from './event.ts';
import type { Person } from './person.ts';

export interface HostGate {
  isLetIn(client: string): Promise<boolean>;
  /** Notes that a person came with this host. Rejects with HOST_REFUSED where it is not let in, on record. */
  check(of: { client: ClientMetadata; person: Person; gateway: Slug | undefined }): Promise<void>;
}

export function createHostGate(deps: {
  store: Pick<Store, 'policy' | 'decidedHosts' | 'sawHosts'>;
  events: SignInEvents;
  now: () => number;
}): HostGate {
  const { store, events, now } = deps;
  async function isLetIn(client: string): Promise<boolean> {
    const [{ policy }, decided] = await Promise.all([store.policy('nobody'), store.decidedHosts()]);
    return !isHostRefused(client, decided.find(({ id }) => id === client)?.state, policy.hosts ?? 'open');
  }
  return {
    isLetIn,
    async check({ client, person, gateway = person.gateways[0]?.slug }) {
      const { client_id: id, client_name: title } = client;
      if (gateway) await store.sawHosts([{ id, title, user: person.slug, gateway, at: now() }]);
      if (await isLetIn(id)) return;
      const user = { id: person.id, name: person.slug };
      await events.recordRefusal({ event: 'sign_in_refused', user, code: 'HOST_REFUSED', detail: { client: id } });
      throw new Fault('HOST_REFUSED', { host: title });
    },
  };
}
