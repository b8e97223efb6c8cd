// Consent: a person lets one client use one gateway, and be sent back to one place. It is remembered as a connection until it is revoked,
// and it holds for nothing else: another client, gateway, person or place is asked for anew.
import { Fault } from '#contract/error.ts';
import { ConnectionId, newId, type Slug } from '#contract/id.ts';
import type { Address } from '../mcp/address.ts';
import type { Connection } from '../store/sign-in.ts';
import type { Store } from '../store/store.ts';
import { type ClientMetadata, deviceGrant, hostOf } from './client.ts';
import { connectionDetail, type SignInEvents } from './event.ts';
import { type Granted, type Person, personById } from './person.ts';
import { withoutPort } from './redirect.ts';

export interface Consents {
  /** The connection that makes the question unnecessary. */
  remembered(of: { client: string; user: string; address: Address; redirect: string }): Promise<Connection | undefined>;
  /** Rejects with GATEWAY_NOT_GRANTED where no team of the person's grants it. `redirect`: undefined for a device, which nobody is sent back to. */
  give(of: { client: ClientMetadata; person: Person; gateway: Slug; redirect: string | undefined }): Promise<Connection>;
}

/** The gateways to choose from at an address: the locked one, or on the picker all of the person's. Empty: none is granted. */
export function choicesOf(person: Person, address: Address): readonly Granted[] {
  return address.gateway === undefined ? person.gateways : person.gateways.filter(({ slug }) => slug === address.gateway);
}

export function createConsents(deps: { store: Store; events: SignInEvents; now: () => number }): Consents {
  const { store, events, now } = deps;
  return {
    async remembered({ client, user, address, redirect }) {
      const person = await personById(store, user);
      const choices = person ? choicesOf(person, address) : [];
      // On the picker somebody with several gateways is asked each time: to choose is what that address is for.
      if (!person || choices.length !== 1 || !choices[0]) return undefined;
      return store.signIn.connectionOf({ client, user: person.id, gateway: choices[0].slug, redirect: withoutPort(redirect) });
    },
    async give({ client, person, gateway, redirect }) {
      if (!person.gateways.some(({ slug }) => slug === gateway)) throw new Fault('GATEWAY_NOT_GRANTED', { gateway });
      const place = redirect === undefined ? deviceGrant : withoutPort(redirect);
      const of = { client: client.client_id, user: person.id, gateway, redirect: place };
      const known = await store.signIn.connectionOf(of);
      if (known) return known;
      const at = now();
      const connection: Connection = {
        id: ConnectionId.parse(newId(at)),
        client: client.client_id,
        host: hostOf(client.client_name),
        title: client.client_name,
        redirect: place,
        user: { id: person.id, slug: person.slug },
        gateway,
        createdAt: at,
        revokedAt: null,
      };
      await events.record({
        event: 'consent_given',
        user: { id: person.id, name: person.slug },
        detail: { ...connectionDetail(connection), redirect: place },
      });
      await store.signIn.addConnection(connection);
      return connection;
    },
  };
}
