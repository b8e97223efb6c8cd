// Consent: a person lets one client use one gateway, and be sent back to one place. It is remembered as a connection until it is revoked,
// and it holds for nothing else: another client, gateway, person or place is asked for anew. A host that registers itself for each of its entries is one host.
import { hash } from 'node:crypto';
import { Fault } from '#contract/error.ts';
import { ConnectionId, newId, type Slug, type UserId } from '#contract/id.ts';
import type { Address } from '../mcp/address.ts';
import { type Connection, type StepUp, stepUpModel } from '../store/sign-in.ts';
import type { Store } from '../store/store.ts';
import { type ClientMetadata, deviceGrant, hostOf } from './client.ts';
import { type ClientList, findForProtocol } from './client-list.ts';
import { connectionDetail, type SignInEvents } from './event.ts';
import { type Granted, type Person, personById } from './person.ts';
import { grantSeconds, sessionSeconds } from './provider.ts';
import { kindOfRedirect, withoutPort } from './redirect.ts';

export interface Consents {
  /**
   * The connection that makes the question unnecessary: the client's own, or a new one, where the person has consented to the same host in this browser since
   * they signed in there (`session`), and it registered itself anew for another of its entries. `isOwnDoing`: whether the browser says that its person, and
   * not another site, asked for this; a consent is lent only then.
   */
  remembered(of: {
    client: string;
    user: string;
    address: Address;
    redirect: string;
    session: string;
    isOwnDoing: boolean;
  }): Promise<Connection | undefined>;
  /** Rejects with GATEWAY_NOT_GRANTED where no team of the person's grants it. `redirect`: undefined for a device, which nobody is sent back to. */
  give(of: {
    client: ClientMetadata;
    person: Person;
    gateway: Slug;
    redirect: string | undefined;
    session: string | undefined;
  }): Promise<Connection>;
  /** Keeps, for as long as its grant, which of the gateway's tools that need a consent of their own the person was shown. */
  keepShown(grantId: string, connection: Connection, shown: Pick<Granted, 'stepUp'>): Promise<void>;
}

/** What a person consented to. */
interface Consented {
  readonly client: ClientMetadata;
  readonly user: UserId;
  readonly gateway: Slug;
  readonly place: string;
}
const consentedModel = 'Consented';

/** The gateways to choose from at an address: the locked one, or on the picker all of the person's. Empty: none is granted. */
export function choicesOf(person: Person, address: Address): readonly Granted[] {
  return address.gateway === undefined ? person.gateways : person.gateways.filter(({ slug }) => slug === address.gateway);
}

export function createConsents(deps: {
  store: Store;
  clients: Pick<ClientList, 'find' | 'provenanceOf'>;
  events: SignInEvents;
  now: () => number;
}): Consents {
  const { store, clients, events, now } = deps;

  /** `as`: the connection whose consent this one goes on from; absent: the person was asked. */
  async function connect(
    of: { client: ClientMetadata; person: Person; gateway: Slug; place: string },
    as?: Connection,
  ): Promise<Connection> {
    const { client, person, gateway, place } = of;
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
    await recordGiven(connection, as);
    await store.signIn.addConnection(connection);
    return connection;
  }

  async function recordGiven(connection: Connection, as?: Connection): Promise<void> {
    const { user, redirect } = connection;
    await events.record({
      event: 'consent_given',
      user: { id: user.id, name: user.slug },
      detail: { ...connectionDetail(connection), redirect, ...(as && { as: as.id }) },
    });
  }

  /**
   * Undefined of a client that somebody vouches for: it has one id for all of its entries, and lends its consent to no other. Undefined of one that sends people
   * to a site: a stranger could begin a sign-in there, and have the person end it without a question, in the stranger's account.
   */
  function keyOf(session: string, { client, user, gateway, place }: Consented): string | undefined {
    if (clients.provenanceOf(client.client_id).kind !== 'unknown' || kindOfRedirect(place) === 'web') return undefined;
    return hash('sha256', JSON.stringify([session, user, hostOf(client.client_name), gateway, place]));
  }

  /** Remembers in this browser that its person was asked about this host. */
  async function keep(session: string, of: Consented, { id }: Connection): Promise<void> {
    const key = keyOf(session, of);
    if (key === undefined) return;
    const expiresAt = now() + sessionSeconds * 1000;
    const item = { model: consentedModel, key, family: null, uid: null, connection: id, body: '{}', expiresAt, consumedAt: null };
    await store.signIn.putItem(item, now());
  }

  /** The consent to the same host under another registration of its own: only where it is sent back to could tell the two apart, and that is the same. */
  async function likeOf(session: string, of: Consented): Promise<Connection | undefined> {
    const key = keyOf(session, of);
    const item = key === undefined ? undefined : await store.signIn.item(consentedModel, key);
    if (!item || item.connection === null || item.expiresAt <= now()) return undefined;
    const connection = await store.signIn.connection(item.connection);
    return connection?.revokedAt === null ? connection : undefined;
  }

  return {
    async remembered({ client: id, user, address, redirect, session, isOwnDoing }) {
      const person = await personById(store, user);
      const [choice, ...others] = person ? choicesOf(person, address) : [];
      // On the picker somebody with several gateways is asked each time: to choose is what that address is for.
      if (!person || !choice || others.length > 0) return undefined;
      const gateway = choice.slug;
      const place = withoutPort(redirect);
      const own = await store.signIn.connectionOf({ client: id, user: person.id, gateway, redirect: place });
      const client = own ? undefined : await findForProtocol(clients, id);
      if (!client || !isOwnDoing) return own;
      const like = await likeOf(session, { client, user: person.id, gateway, place });
      return like && connect({ client, person, gateway, place }, like);
    },
    async give({ client, person, gateway, redirect, session }) {
      if (!person.gateways.some(({ slug }) => slug === gateway)) throw new Fault('GATEWAY_NOT_GRANTED', { gateway });
      const place = redirect === undefined ? deviceGrant : withoutPort(redirect);
      const of = { client: client.client_id, user: person.id, gateway, redirect: place };
      const known = await store.signIn.connectionOf(of);
      // Who was asked again, of another device or of more tools, said so again.
      if (known) await recordGiven(known);
      const connection = known ?? (await connect({ client, person, gateway, place }));
      if (session !== undefined && redirect !== undefined)
        await keep(session, { client, user: person.id, gateway, place }, connection);
      return connection;
    },
    async keepShown(grantId, { id: connection }, { stepUp }) {
      const key = hash('sha256', grantId);
      const tools: StepUp = Object.fromEntries(stepUp.map(({ server, tools: of }) => [server, of]));
      const item = { model: stepUpModel, key, family: key, uid: null, connection, body: JSON.stringify(tools), consumedAt: null };
      await store.signIn.putItem({ ...item, expiresAt: now() + grantSeconds * 1000 }, now());
    },
  };
}
