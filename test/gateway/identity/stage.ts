// Sign-ins at a real authorization server, on a real store, without the rest of a gateway: people in text browsers, and a clock that a test sets.
import { onTestFinished } from 'vitest';
import { GatewayId, ServerId, Slug, UserId } from '#contract/id.ts';
import type { EventRecord } from '#contract/audit.ts';
import { PolicyFile } from '#contract/policy.ts';
import { reveal } from '#contract/secret.ts';
import { createEgress } from '../../../gateway/egress/egress.ts';
import { createIdentities, type Identities } from '../../../gateway/identity/identities.ts';
import { openIdentities, type SignInParts } from '../../../gateway/identity/open.ts';
import { type RemotePlace, remotePlace } from '../../../gateway/identity/place.ts';
import { createUpstreamSignIns, type UpstreamSignIns } from '../../../gateway/identity/sign-in.ts';
import { openKeys } from '../../../gateway/vault/open.ts';
import { createVault, type Wanted } from '../../../gateway/vault/vault.ts';
import { type Guarded, serveGuarded, type Settings } from '../../fake/remote/guarded.ts';
import { createBrowser, isPage, leftTo } from '../../walk/browser.ts';
import { type Data, openData, quiet } from '../data.ts';

export const pageAddress = 'https://mcp.example.org/identities';

/** One gateway server; several may stand on one store. */
export interface Node {
  readonly parts: SignInParts;
  readonly identities: Identities;
  readonly signIns: UpstreamSignIns;
  /** What it has on record. */
  readonly events: EventRecord[];
}
export interface Stage extends Data {
  readonly wiki: Guarded;
  /** How far the gateway's clock is ahead of the authorization server's. */
  readonly clock: { aheadMs: number };
  node(): Node;
  place(): Promise<RemotePlace>;
  user(name: string): Promise<{ id: UserId; slug: Slug }>;
  wanted(kind?: Wanted['kind'], user?: string): Promise<Wanted>;
  /** Away and back: the address that the person returns with. */
  away(node: Node, person: string, of?: { user?: string | null; browser?: string }): Promise<URL>;
  /** The whole sign-in. */
  connect(node: Node, user: string | null): Promise<void>;
}

export async function stage(of: { settings?: Partial<Settings>; server?: object; publicOrigin?: string } = {}): Promise<Stage> {
  const wiki = await serveGuarded(of.settings);
  const policy = PolicyFile.parse({
    version: 1,
    users: { ada: { email: 'ada@example.org', teams: ['all'] }, bob: { email: 'bob@example.org', teams: ['all'] } },
    teams: { all: { gateways: ['main'] } },
    servers: {
      wiki: { kind: 'remote', url: wiki.url, auth: 'oauth', allowPrivate: ['127.0.0.1'], ...of.server },
    },
    gateways: { main: { assignments: { wiki: { tools: 'all', identity: 'own' } } } },
  });
  const data = await openData(policy);
  const egress = createEgress({ onRefused: () => undefined });
  onTestFinished(async () => {
    await egress.close();
    await data.close();
    await wiki.close();
  });
  const clock = { aheadMs: 0 };
  const { keys } = openKeys(data.dir, []);

  function node(): Node {
    const events: EventRecord[] = [];
    const vault = createVault({ store: data.store, bus: data.bus, keys });
    onTestFinished(() => vault.close());
    const parts = openIdentities({
      store: data.store,
      keys,
      vault,
      egress,
      recorder: { append: (record) => Promise.resolve(void (record.kind === 'event' && events.push(record))) },
      publicOrigin: of.publicOrigin ?? 'http://127.0.0.1:9',
      logger: quiet,
      now: () => Date.now() + clock.aheadMs,
    });
    return {
      parts,
      identities: createIdentities({ ...parts, page: pageAddress }),
      signIns: createUpstreamSignIns(parts),
      events,
    };
  }
  const user = async (name: string) => {
    const { ids } = await data.store.policy();
    return { id: UserId.parse(ids.users[name]), slug: Slug.parse(name) };
  };
  const place = async () => {
    const found = remotePlace(await data.store.policy(), 'wiki');
    if (!found) throw new Error('the policy has no wiki');
    return found;
  };

  const made: Stage = {
    ...data,
    wiki,
    clock,
    node,
    place,
    user,
    async wanted(kind = 'own', name = 'ada') {
      const { ids } = await data.store.policy();
      return {
        kind,
        server: { id: ServerId.parse(ids.servers['wiki']), slug: 'wiki' },
        user: await user(name),
        gateway: GatewayId.parse(ids.gateways['main']),
        origin: new URL(wiki.url).origin,
        scheme: 'oauth',
      };
    },
    async away({ signIns }, person, { user: name = 'ada', browser: secret = 'the browser' } = {}) {
      const whose = { user: name === null ? null : await user(name), gateway: null };
      const to = await signIns.begin({ place: await place(), for: whose, browser: secret });
      if (!(to instanceof URL)) throw new Error(`the server wants ${to}`);
      const browser = createBrowser([wiki.issuer]);
      let at = await browser.open(to);
      for (let step = 0; step < 6 && isPage(at); step++)
        at = await browser.submit(at, at.text.includes('name="login"') ? { login: person, password: 'of the fake' } : {});
      return leftTo(at);
    },
    async connect(by, name) {
      const back = await made.away(by, `${name ?? 'service'}-at-wiki`, { user: name });
      const session = name === null ? undefined : (await user(name)).id;
      const { fault } = await by.signIns.finish(back, { server: 'wiki', browsers: ['the browser'], user: session });
      if (fault) throw fault;
      data.bus.publish('changed');
    },
  };
  return made;
}

/** The token that a call would bear. */
export async function tokenOf({ identities }: Node, wanted: Wanted): Promise<string> {
  return reveal((await identities.identity(wanted)).value);
}
export const refreshes = ({ granted }: Guarded): number => granted.filter((type) => type === 'refresh_token').length;
