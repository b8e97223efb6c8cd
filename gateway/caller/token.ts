// Who calls over HTTP: a bearer token (one that an administrator made, or an access token of a host that signed in) -> Caller. Valid tokens are remembered by their hash until anything in the store changes;
// expiry is checked at every use, and whatever is not surely valid is refused.
import { hash } from 'node:crypto';
import { Fault } from '#contract/error.ts';
import { accessTokenSeconds, stepUpScope } from '#contract/scope.ts';
import type { Bus } from '../bus/bus.ts';
import type { Caller, Former } from '../call.ts';
import type { Store } from '../store/store.ts';
import { isAhead } from './ahead.ts';

export interface TokenCheck {
  /**
   * The caller behind an Authorization header; at once where the token is remembered. `kept`: for that very header, where it comes again. Throws or rejects with
   * UNAUTHENTICATED, and as TokenRefused with TOKEN_EXPIRED, TOKEN_REVOKED, UNAUTHENTICATED.
   */
  callerOf(authorization: string | undefined, kept?: { digest: string | undefined }): Caller | Promise<Caller>;
  close(): void;
}

/** A token that counts no more, and whose it was. Nobody is let in by that: it is for the record of the refusal. */
export class TokenRefused extends Fault {
  readonly former: Former;

  constructor(code: 'TOKEN_EXPIRED' | 'TOKEN_REVOKED' | 'UNAUTHENTICATED', former: Former, fields: { at?: string } = {}) {
    super(code, fields);
    this.former = former;
  }
}

interface Known {
  readonly caller: Caller;
  readonly madeAt: number;
  readonly expiresAt: number;
  /** When its use was told last. */
  toldAt: number;
}
const tellEveryMs = 60_000;

const bearer = /^bearer +((?:db[ah]_)?[A-Za-z0-9_-]{43})$/i;
const rememberAtMost = 10_000;

/** `onUse`: told of each caller when they are first known, and then once a minute while they come. */
export function createTokenCheck(deps: {
  store: Store;
  bus: Bus;
  now: () => number;
  onUse?: (caller: Caller) => void;
}): TokenCheck {
  const known = new Map<string, Known>();
  const asked = new Map<string, Promise<Known>>();
  // A lookup that began before a change must not be remembered after it.
  let generation = 0;
  const unsubscribe = deps.bus.subscribe('changed', () => {
    generation++;
    known.clear();
    asked.clear();
  });

  async function ask(digest: string): Promise<Known> {
    const began = generation;
    const found = { ...(await lookUp(deps.store, digest, deps.now())), toldAt: deps.now() };
    deps.onUse?.(found.caller);
    if (began === generation) {
      const oldest = known.size >= rememberAtMost ? known.keys().next().value : undefined;
      if (oldest !== undefined) known.delete(oldest);
      known.set(digest, found);
    }
    return found;
  }

  return {
    callerOf(authorization, kept) {
      const digest = kept?.digest ?? digestOf(authorization);
      if (kept) kept.digest = digest;
      const remembered = known.get(digest);
      if (remembered) {
        const at = deps.now();
        refuseExpired(remembered, at);
        if (at - remembered.toldAt >= tellEveryMs) {
          remembered.toldAt = at;
          deps.onUse?.(remembered.caller);
        }
        return remembered.caller;
      }
      let asking = asked.get(digest);
      if (!asking) {
        asking = ask(digest);
        const forget = () => asked.get(digest) === asking && asked.delete(digest);
        if (asked.size < rememberAtMost) asked.set(digest, asking);
        asking.then(forget, forget);
      }
      return asking.then((found) => {
        refuseExpired(found, deps.now());
        return found.caller;
      });
    },
    close() {
      unsubscribe();
      known.clear();
    },
  };
}

/** The secret is looked up by its hash alone, so how long that takes says nothing of tokens that exist. */
function digestOf(authorization: string | undefined): string {
  const token = bearer.exec(authorization ?? '')?.[1];
  if (token === undefined) throw new Fault('UNAUTHENTICATED');
  return hash('sha256', token);
}

type Found = Omit<Known, 'toldAt'>;

async function lookUp(store: Store, digest: string, now: number): Promise<Found> {
  const token = await store.tokenByHash(digest);
  if (!token) return lookUpConnection(store, digest, now);
  if (token.kind === 'enroll') throw new Fault('UNAUTHENTICATED');
  const { user, host, gateway } = token;
  if (token.revokedAt !== null) {
    // Also whoever counts as not there any more: what comes after they left is theirs.
    const id = await store.userIdOf(user, 'anybody');
    throw new TokenRefused('TOKEN_REVOKED', { user: id === undefined ? null : { id, slug: user }, host, token: token.id });
  }
  const id = await store.userIdOf(user);
  if (id === undefined) throw new Fault('UNAUTHENTICATED');
  const client = `${token.kind === 'agent' ? 'agent' : 'token'}:${host}`;
  const caller = {
    user: { id, slug: user },
    host,
    client,
    token: token.id,
    gateway,
    via: 'http',
    workstation: null,
  } as const;
  return living({ caller, madeAt: token.createdAt, expiresAt: token.expiresAt }, now);
}

/** A host that signed in is known by its connection: its sessions go on when it comes with a newer token. */
async function lookUpConnection(...[store, digest, now]: Parameters<typeof lookUp>): Promise<Found> {
  const found = await store.signIn.bearer(digest);
  if (!found) throw await unknownOrEnded(store, digest);
  const { id, client, user, host, gateway } = found.connection;
  if ((await store.userIdOf(user.slug)) !== user.id) throw new Fault('UNAUTHENTICATED');
  const shown = found.scopes.split(' ').includes(stepUpScope) ? Object.entries(found.stepUp) : [];
  const consented = new Map(shown.map(([server, tools]) => [server, tools === 'all' ? tools : new Set(tools)]));
  const caller = { user, host, client, consented, token: id, gateway, via: 'http', workstation: null } as const;
  return living({ caller, madeAt: found.expiresAt - accessTokenSeconds * 1000, expiresAt: found.expiresAt }, now);
}

/** To its host both are the same, so that its person signs in anew. */
async function unknownOrEnded(store: Store, digest: string): Promise<Fault> {
  const former = await store.signIn.formerBearer(digest);
  if (!former) return new Fault('UNAUTHENTICATED');
  const { id: token, user, host } = former;
  return new TokenRefused('UNAUTHENTICATED', { user, host, token });
}

function living(found: Found, now: number): Found {
  refuseExpired(found, now);
  return found;
}

function refuseExpired({ caller, madeAt, expiresAt }: Found, now: number): void {
  if (isAhead(madeAt, now)) throw new TokenRefused('UNAUTHENTICATED', caller);
  if (now >= expiresAt) throw new TokenRefused('TOKEN_EXPIRED', caller, { at: new Date(expiresAt).toISOString() });
}
