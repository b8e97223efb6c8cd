// What oidc-provider keeps, kept in our store. Ids of tokens, codes and sessions are secrets, so only their SHA-256 is stored, and what they are is put
// back when somebody comes with one. No token is issued, renewed or taken away without its record.
import { hash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { type Adapter, errors, Provider } from 'oidc-provider';
import { z } from 'zod';
import { ConnectionId, newId, type UserId } from '#contract/id.ts';
import { type Connection, type SignInItem, type SignInStore, stepUpModel } from '../store/sign-in.ts';
import type { ClientMetadata } from './client.ts';
import { createPollGate } from './device-code.ts';
import { connectionDetail, type SignInEvent, type SignInEvents } from './event.ts';

const Payload = z.record(z.string(), z.unknown());
const unlimitedMs = 86_400_000;
const giveBackAfterMs = [200, 1000, 5000, 20_000];
/** What a sign-in holds beside its grant, access first: it ends with that. */
const ofFamily = ['AccessToken', 'RefreshToken', 'AuthorizationCode', 'DeviceCode'] as const;
const owedAtMost = 10_000;
/** What tokens are asked for with. */
const spendable: ReadonlySet<string> = new Set(['AuthorizationCode', 'DeviceCode', 'RefreshToken']);

export interface AdapterDeps {
  readonly store: SignInStore;
  readonly events: SignInEvents;
  readonly now: () => number;
  findClient(id: string): Promise<ClientMetadata | undefined>;
  /** Whether what an identity provider said of this user may still be believed. */
  isFresh(user: UserId): Promise<boolean>;
  /** Whether tokens may be given to this client. */
  isLetIn(client: string): Promise<boolean>;
  /** Records a token of a service account, and gives the connection that it stands for. */
  connectService(clientId: string, resource: unknown): Promise<Connection>;
}

/** The id of a new grant: it says which connection it stands for. */
export function grantIdFor(connection: ConnectionId): string {
  return `${connection}.${newId()}`;
}

/** The connection behind a grant's id. */
function connectionIdIn(grantId: unknown): ConnectionId | null {
  const found = ConnectionId.safeParse(typeof grantId === 'string' ? grantId.split('.')[0] : undefined);
  return found.success ? found.data : null;
}

/** Where we found a device's code ourselves, by what its person typed: its key, because the code is the device's alone. No route that takes one from outside. */
const ownRoutes: ReadonlySet<string | undefined> = new Set(['code_verification', 'device_resume']);
const ownMark = '#';

function keyOf(id: string): string {
  return id.startsWith(ownMark) && ownRoutes.has(Provider.ctx?.oidc.route) ? id.slice(ownMark.length) : hash('sha256', id);
}

export function createAdapter(deps: AdapterDeps): {
  readonly adapter: (model: string) => Adapter;
  /** Nobody got anything for what this request spent: its host may come with it again. */
  giveBack(request: object): Promise<void>;
} {
  const { store, events, now } = deps;
  const asksTooSoon = createPollGate(now);
  /** What is being spent, by its model and key, and when that is done. */
  const spending = new Map<string, Promise<void>>();
  /** What is to be given back and could not be yet, by its model and key: when it was spent. */
  const owed = new Map<string, number>();
  /** What a request under way has spent. */
  const spentBy = new WeakMap<object, { readonly model: string; readonly key: string; readonly at: number }>();

  async function liveConnection(grantId: unknown): Promise<Connection> {
    const id = connectionIdIn(grantId);
    const connection = id === null ? undefined : await store.connection(id);
    if (!connection || connection.revokedAt !== null) throw new errors.InvalidGrant('the connection is over');
    const { client, user } = connection;
    if (!(await isLetIn(client, { id: user.id, name: user.slug })))
      throw new errors.InvalidGrant('the client is not let in any more');
    return connection;
  }

  /** Who is not is on record. */
  async function isLetIn(client: string, user: NonNullable<SignInEvent['user']> | null): Promise<boolean> {
    const isIn = await deps.isLetIn(client);
    if (!isIn) await events.recordRefusal({ event: 'sign_in_refused', user, code: 'HOST_REFUSED', detail: { client } });
    return isIn;
  }

  /**
   * Refuses or records what a code or refresh token is good for before it is spent: a host that is let in again, or that comes again once records can be
   * written, gets its tokens with the one that it has, and does not look like somebody who stole it. A device that was denied is given none.
   */
  async function recordTokens(model: string, item: SignInItem | undefined): Promise<void> {
    if (!item || item.consumedAt !== null) return;
    const { grantId, error, resource } = Payload.parse(JSON.parse(item.body));
    if (error !== undefined) return;
    const wanted = Provider.ctx?.oidc.params?.['resource'];
    // oidc-provider looks at this only once it is spent.
    if (wanted !== undefined && wanted !== resource) throw new errors.InvalidTarget('it is not good for this resource');
    const connection = await liveConnection(grantId);
    const isRenewal = model === 'RefreshToken';
    if (isRenewal && !(await deps.isFresh(connection.user.id))) throw new errors.InvalidGrant('the person has to sign in again');
    await recordOf(connection, isRenewal ? 'host_token_refreshed' : 'host_token_issued');
  }

  async function recordOf(connection: Connection, event: SignInEvent['event']): Promise<void> {
    const { user } = connection;
    await events.record({ event, user: { id: user.id, name: user.slug }, detail: connectionDetail(connection) });
  }

  async function recordEnd(event: 'host_tokens_revoked' | 'spent_token_replayed', grantId: string): Promise<void> {
    const id = connectionIdIn(grantId);
    const connection = id === null ? undefined : await store.connection(id);
    if (connection) await recordOf(connection, event);
  }

  function found(id: string | undefined, item: SignInItem | undefined): Record<string, unknown> | undefined {
    if (!item) return undefined;
    const payload = Payload.parse(JSON.parse(item.body));
    return {
      ...payload,
      ...(id === undefined ? {} : { jti: id }),
      ...(item.consumedAt === null ? {} : { consumed: Math.floor(item.consumedAt / 1000) }),
    };
  }

  const adapter = (model: string): Adapter => ({
    async upsert(id, payload, expiresInSeconds) {
      // It is on record since what it was asked for with was spent.
      if (model === 'AccessToken') await liveConnection(payload['grantId']);
      const { clientId, aud } = payload;
      const isService = model === 'ClientCredentials';
      if (isService && !(await isLetIn(String(clientId), null)))
        throw new errors.InvalidClient('the client is not let in any more');
      const service = isService ? await deps.connectService(String(clientId), aud) : undefined;
      const { grantId, uid, userCode } = payload;
      const item = {
        model,
        key: keyOf(id),
        family: typeof grantId === 'string' ? keyOf(grantId) : null,
        uid: typeof uid === 'string' ? uid : typeof userCode === 'string' ? hash('sha256', userCode) : null,
        connection:
          service?.id ?? (model === 'Grant' ? connectionIdIn(id) : model === 'AccessToken' ? connectionIdIn(grantId) : null),
        body: JSON.stringify(withoutSecrets(payload)),
        expiresAt: now() + (expiresInSeconds === undefined ? unlimitedMs : expiresInSeconds * 1000),
        consumedAt: typeof payload['consumed'] === 'number' ? payload['consumed'] * 1000 : null,
      };
      await store.putItem(item, now());
    },
    async find(id) {
      if (model === 'Client') return deps.findClient(id).then((metadata) => metadata && { ...metadata });
      const item = await givenBack(await store.item(model, keyOf(id)));
      if (model === 'DeviceCode' && item && Provider.ctx?.oidc.route === 'token' && asksTooSoon(item.key))
        throw new errors.SlowDown();
      // An access token that was ended is kept for its name alone.
      return model === 'AccessToken' && item && item.consumedAt !== null ? undefined : found(id, item);
    },
    async findByUid(uid) {
      return found(undefined, await store.itemByUid(model, uid));
    },
    async findByUserCode(userCode) {
      const item = await store.itemByUid(model, hash('sha256', userCode));
      const payload = item && found(`${ownMark}${item.key}`, item);
      return payload && { ...payload, userCode };
    },
    async consume(id) {
      const key = keyOf(id);
      const name = `${model} ${key}`;
      // One after the other, so that only what is spent is on record as good for tokens.
      const mine = (spending.get(name) ?? Promise.resolve()).then(() => spend(model, key));
      const over = mine.catch(() => {});
      spending.set(name, over);
      try {
        await mine;
      } finally {
        if (spending.get(name) === over) spending.delete(name);
      }
    },
    async destroy(id) {
      const removed = await (model === 'Grant' ? endGrant(keyOf(id)) : store.removeItem(model, keyOf(id)));
      // oidc-provider ends a grant where a spent code or refresh token comes back, and where the host gives its token up.
      if (model === 'Grant' && removed)
        await recordEnd(Provider.ctx?.oidc.route === 'token' ? 'spent_token_replayed' : 'host_tokens_revoked', id);
    },
    async revokeByGrantId(grantId) {
      await endOf(model, keyOf(grantId));
    },
  });

  async function spend(model: string, key: string): Promise<void> {
    if (spendable.has(model)) await recordTokens(model, await store.item(model, key));
    const [at, request] = [now(), Provider.ctx];
    if (await store.consumeItem(model, key, at)) {
      if (request && spendable.has(model)) spentBy.set(request, { model, key, at });
      return;
    }
    // Somebody else came with it at the same moment: one of the two is not whom it was given to.
    const item = await store.item(model, key);
    const grantId = item && Payload.parse(JSON.parse(item.body))['grantId'];
    if (typeof grantId === 'string') await endFamily(grantId);
    throw new errors.InvalidGrant('it was used already');
  }

  /** Where the store takes that only later it is tried for a while, and when its host comes again. */
  async function giveBack(request: object): Promise<void> {
    const spent = spentBy.get(request);
    if (!spent) return;
    const { model, key, at } = spent;
    const name = `${model} ${key}`;
    const oldest = owed.size >= owedAtMost ? owed.keys().next().value : undefined;
    if (oldest !== undefined) owed.delete(oldest);
    owed.set(name, at);
    const isBack = () =>
      store.giveItemBack(model, key, at).then(
        () => owed.delete(name) || true,
        () => false,
      );
    if (await isBack()) return;
    void (async () => {
      for (const waitMs of giveBackAfterMs) {
        await setTimeout(waitMs, undefined, { ref: false });
        if (!owed.has(name) || (await isBack())) return;
      }
    })();
  }

  /** Whoever comes with what is owed to them is no thief: they get it back now, or come again. */
  async function givenBack(item: SignInItem | undefined): Promise<SignInItem | undefined> {
    const name = item && `${item.model} ${item.key}`;
    const at = name === undefined ? undefined : owed.get(name);
    if (!item || name === undefined || at === undefined || item.consumedAt !== at) return item;
    try {
      await store.giveItemBack(item.model, item.key, at);
    } catch {
      throw new errors.TemporarilyUnavailable('what it is good for can not be kept now');
    }
    owed.delete(name);
    return await store.item(item.model, item.key);
  }

  async function endFamily(grantId: string): Promise<void> {
    const family = keyOf(grantId);
    for (const model of ofFamily) await endOf(model, family);
    await endGrant(family);
    await recordEnd('spent_token_replayed', grantId);
  }

  /** Access tokens stay for their name alone. */
  function endOf(model: string, family: string): Promise<number> {
    return model === 'AccessToken' ? store.endAccess(family, now()) : store.removeFamily(model, family);
  }

  async function endGrant(key: string): Promise<SignInItem | undefined> {
    const removed = await store.removeItem('Grant', key);
    await store.removeItem(stepUpModel, key);
    return removed;
  }

  return { adapter, giveBack };
}

/** A session's id or a device's code inside of what is kept of a request under way would be as good as the session or the code. */
function withoutSecrets(payload: Record<string, unknown>): Record<string, unknown> {
  const { jti: _, userCode: ___, session, ...rest } = payload;
  const { deviceCode } = rest;
  if (typeof deviceCode === 'string' && !deviceCode.startsWith(ownMark))
    rest['deviceCode'] = `${ownMark}${hash('sha256', deviceCode)}`;
  const of = Payload.safeParse(session);
  if (!of.success) return rest;
  const { cookie: __, ...plain } = of.data;
  return { ...rest, session: plain };
}
