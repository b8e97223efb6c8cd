// Remote servers over HTTP: one session for each conversation and identity, as whom the assignment says and as nobody else. A host's own
// token never goes on. The rule: a call is sent at most once; only a list is asked for again where the far end forgot the session.
import { Fault } from '#contract/error.ts';
import type { AllowedCall, AllowedListing, Remote } from '../call.ts';
import { noAbilities } from '../mcp/ability.ts';
import type { Egress } from '../egress/egress.ts';
import { type Feature, features, headerNameOf } from '../mcp/feature.ts';
import type { NotificationMessage, RequestMessage } from '../mcp/jsonrpc.ts';
import { progressTokenOf } from '../mcp/progress.ts';
import type { Identities, Identity } from '../identity/identities.ts';
import { createFollowers } from './follow.ts';
import { Interest } from './interest.ts';
import { composerOf, readPages } from './item.ts';
import { createMirroredTools } from './mirrored.ts';
import { type Bearing, credentialOf, refused, renewalOf, wantedBy } from './remote-credential.ts';
import { headerMismatch, isRefusedFor } from './remote-era.ts';
import { openRemote, type RemoteTalk } from './remote-open.ts';
import { timedOut } from './session.ts';
import { type Opening, SessionPool } from './session-pool.ts';
import { createSharedLists } from './shared-list.ts';
import type { About, ListedItem, ListTerms, Reply, Screening, Trace, Upstream } from './upstream.ts';
import { leftOf, within } from './within.ts';

export interface RemoteDeps {
  readonly egress: Egress;
  readonly identities: Identities;
  readonly messageLimitBytes: number;
  readonly onDropped: () => void;
  readonly screen: Screening;
  readonly startWithinMs?: number;
  readonly anewAfterMs?: number;
  readonly idleMs?: number;
  /** In ms since 1970. */
  readonly now?: () => number;
}
type Allowed = AllowedCall | AllowedListing;
/** A far end that took the connection and does not answer may long be back. */
const anewAfterMs = 5000;

export function createRemoteUpstream(deps: RemoteDeps): Upstream {
  const startWithinMs = deps.startWithinMs ?? 30_000;
  const pool = new SessionPool<RemoteTalk, Bearing>({
    what: 'remote servers',
    anewAfterMs: deps.anewAfterMs ?? anewAfterMs,
    idleMs: deps.idleMs,
    now: deps.now,
  });
  /** What is listened to at modern servers: one stream each, and for each as whom they are called. */
  const listened = new Map<string, Interest>();
  const shared = createSharedLists();
  const mirrored = createMirroredTools(deps.onDropped);

  function newestOf(allowed: Allowed, { auth, origin }: Remote): Identity | Promise<Identity> {
    if (!auth) throw new Fault('SERVER_NOT_ASSIGNED', { server: allowed.assignment.server.slug });
    return deps.identities.identity(wantedBy(allowed, auth, origin));
  }

  /** As whom, before anything is sent. On record also where there is none. */
  function identityOf(allowed: Allowed, remote: Remote, trace: Trace): Identity | undefined | Promise<Identity> {
    const { auth } = remote;
    if (!auth) return undefined;
    trace.identity = { kind: auth.identity, id: null };
    return newestOf(allowed, remote);
  }

  async function sessionFor(
    allowed: Allowed,
    trace: Trace,
    signal: AbortSignal,
    used: Bearing,
    withinMs = allowed.assignment.timeoutMs,
    isTold = false,
  ): Promise<RemoteTalk> {
    const { remote, server } = allowed.assignment;
    if (!remote) throw new Fault('SERVER_NOT_ASSIGNED', { server: server.slug });
    const found = identityOf(allowed, remote, trace);
    const identity =
      found instanceof Promise ? await within(found, withinMs, () => timedOut(server.slug, withinMs, 0), signal) : found;
    used.identity = identity;
    if (identity && remote.auth) trace.identity = { kind: remote.auth.identity, id: identity.id };
    const { declared } = allowed.audience?.abilities ?? noAbilities;
    const context = contextOf(allowed, remote, identity);
    const stem = [allowed.conversation, allowed.caller.user.id, context, ''].join('\n');
    // Where a host says nothing of what it can be asked, as in a notification, it is for the session that it used last.
    const isUnsaid = isTold && declared === noAbilities.declared;
    const key = (isUnsaid ? pool.lastOf(allowed.conversation, stem) : undefined) ?? `${stem}${declared}`;
    // Sessions that are open get the newest tokens too.
    const bears = pool.borne(key) ?? { identity };
    bears.identity = identity;
    const place = placeOf(allowed, remote);
    const open = (opening: Opening) => openFor(allowed, remote, context, bears, withinMs, opening);
    return pool.sessionFor({ allowed, withinMs, isShared: false, key, place, bears, open }, signal);
  }

  async function interestOf(listing: AllowedListing, trace: Trace, signal: AbortSignal): Promise<Interest> {
    const session = await refreshing(listing, (used) => sessionFor(listing, trace, signal, used));
    session.join(listing);
    if (session.era === 'legacy' || !('way' in session)) return session.interest;
    const { context } = session;
    const known = listened.get(context);
    if (known && !known.isOver) return known;
    const interest = new Interest({
      server: listing.assignment.server.slug,
      about: session.about ?? about(listing),
      way: session.way,
      ask: (method) => Promise.reject(new Fault('METHOD_UNKNOWN', { method })),
      onDropped: deps.onDropped,
      onEmpty: () => listened.get(context) === interest && listened.delete(context),
    });
    listened.set(context, interest);
    return interest;
  }

  function openFor(allowed: Allowed, remote: Remote, context: string, bears: Bearing, withinMs: number, opening: Opening) {
    return openRemote({
      ...opening,
      egress: deps.egress,
      server: allowed.assignment.server.slug,
      remote,
      context,
      credential: credentialOf(remote, bears, () => newestOf(allowed, remote)),
      abilities: allowed.audience?.abilities ?? noAbilities,
      limitBytes: deps.messageLimitBytes,
      startWithinMs,
      timeoutMs: withinMs,
      refused: (status, challenge) => refused(deps.identities, allowed, remote, status, challenge),
      renewed: renewalOf(deps.identities, allowed, remote, bears),
      onDropped: deps.onDropped,
      screen: deps.screen,
    });
  }

  /** The parameters of a call that a modern server wants in headers. */
  function mirroredBy({ era }: RemoteTalk, allowed: AllowedCall, { params }: RequestMessage): Readonly<Record<string, string>> {
    const { remote } = allowed.assignment;
    if (!remote || era === 'legacy' || allowed.item.kind !== 'tools') return {};
    return mirrored.headersFor(placeOf(allowed, remote), allowed.item.name, params.value['arguments']);
  }

  /**
   * Once more with renewed tokens where the server refused the ones before (401): it has not looked at what was asked. What it wants beyond them (403) is
   * noted, so that the next sign-in asks for it.
   */
  async function refreshing<T>(allowed: Allowed, run: (used: Bearing) => Promise<T>): Promise<T> {
    const used: Bearing = { identity: undefined };
    try {
      return await run(used);
    } catch (error) {
      const { remote } = allowed.assignment;
      if (!(error instanceof Fault) || !remote?.auth) throw error;
      const wanted = wantedBy(allowed, remote.auth, remote.origin);
      if (error.code === 'IDENTITY_SCOPE') await deps.identities.want(wanted, String(error.fields['scope']));
      if (error.code !== 'IDENTITY_REFUSED' || error.fields['status'] !== 401 || !used.identity) throw error;
      if (!(await deps.identities.renewRefused(wanted, used.identity))) throw error;
      return run(used);
    }
  }

  function call(allowed: AllowedCall, request: RequestMessage, trace: Trace, signal: AbortSignal): Promise<Reply> {
    return refreshing(allowed, (used) => callOnce(allowed, request, trace, signal, used));
  }

  async function tell(allowed: AllowedCall, { method }: NotificationMessage, trace: Trace, signal: AbortSignal): Promise<void> {
    const { timeoutMs, server } = allowed.assignment;
    const deadline = AbortSignal.timeout(timeoutMs);
    const ended = AbortSignal.any([signal, deadline]);
    try {
      await refreshing(allowed, async (used) => {
        const session = await sessionFor(allowed, trace, ended, used, timeoutMs, true);
        session.join(allowed);
        await session.tell(method, allowed.body, trace, ended);
      });
    } catch (error) {
      throw deadline.aborted && !signal.aborted ? timedOut(server.slug, timeoutMs, 0, error) : error;
    }
  }

  async function callOnce(
    allowed: AllowedCall,
    request: RequestMessage,
    trace: Trace,
    signal: AbortSignal,
    used: Bearing,
  ): Promise<Reply> {
    const { timeoutMs } = allowed.assignment;
    const beganAt = performance.now();
    const session = await sessionFor(allowed, trace, signal, used);
    session.join(allowed);
    const compose = composerOf(allowed, request);
    const { method } = request;
    const name = headerNameOf(request) === undefined ? undefined : (allowed.task?.own ?? allowed.item.name);
    const leftMs = leftOf(timeoutMs, beganAt);
    const progressToken = progressTokenOf(request);
    const asked = { method, name, compose, timeoutMs, call: allowed, progressToken, trace };
    const headers = mirroredBy(session, allowed, request);
    let answer = await session.request({ ...asked, leftMs, headers }, signal);
    if (isRefusedFor(answer, headerMismatch) && session.era === 'modern' && allowed.item.kind === 'tools') {
      // Refused for its headers, so it was not run: what they have to be is in the tool's newest definition.
      await listOnce(allowed, features.tools, {}, signal, used, {});
      const better = mirroredBy(session, allowed, request);
      if (JSON.stringify(better) !== JSON.stringify(headers))
        answer = await session.request({ ...asked, leftMs: leftOf(timeoutMs, beganAt), headers: better }, signal);
    }
    trace.answeredAt = performance.now();
    return answer;
  }

  function list(
    allowed: AllowedListing,
    feature: Feature,
    trace: Trace,
    signal: AbortSignal,
    terms: ListTerms = {},
  ): Promise<readonly ListedItem[]> {
    return refreshing(allowed, async (used) => {
      try {
        return await listOnce(allowed, feature, trace, signal, used, terms);
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== 'UPSTREAM_SESSION_LOST') throw error;
        return await listOnce(allowed, feature, trace, signal, used, { ...terms, since: undefined });
      }
    });
  }

  async function listOnce(
    allowed: AllowedListing,
    feature: Feature,
    trace: Trace,
    signal: AbortSignal,
    used: Bearing,
    { since, withinMs: timeoutMs = allowed.assignment.timeoutMs }: ListTerms,
  ): Promise<readonly ListedItem[]> {
    const { server } = allowed.assignment;
    const beganAt = performance.now();
    const session = await sessionFor(allowed, trace, signal, used, timeoutMs);
    session.join(allowed);
    const said = about(allowed);
    if (said && !said.capabilities.has(feature.capability)) return [];
    const { declared } = allowed.audience?.abilities ?? noAbilities;
    async function ask(given: AbortSignal): Promise<readonly ListedItem[]> {
      const items = await readPages(server.slug, feature, deps.onDropped, declared, async (compose) => {
        const asked = { method: feature.method, compose, timeoutMs, leftMs: leftOf(timeoutMs, beganAt), trace };
        const answer = await session.request(asked, given);
        trace.answeredAt = performance.now();
        return answer;
      });
      const { remote } = allowed.assignment;
      const isMirrored = remote !== undefined && session.era === 'modern' && feature.kind === 'tools';
      return isMirrored ? mirrored.learn(placeOf(allowed, remote), items) : items;
    }
    // What a modern server lists depends on as whom it is asked and on nothing else of who asks (server/tools: lists must not vary by connection).
    if (since === undefined || session.era === 'legacy' || !('context' in session)) return await ask(signal);
    const key = [session.context, declared, feature.kind].join('\n');
    const late = () => timedOut(server.slug, timeoutMs, 0);
    return await shared.get(key, since, ask, (items) => within(items, timeoutMs, late, signal));
  }

  function about(listing: AllowedListing): About | undefined {
    const { remote } = listing.assignment;
    return remote && pool.about(placeOf(listing, remote));
  }

  const followers = createFollowers({ interestOf, waitsFor: ({ assignment }) => assignment.server.id, isStarted: false });

  return {
    call,
    tell,
    meet: (listing, signal, withinMs) =>
      refreshing(listing, async (used) => void (await sessionFor(listing, {}, signal, used, withinMs))),
    list,
    about,
    follow: followers.follow,
    hear: (conversation, news) => pool.hear(conversation, news),
    release: (conversation) => pool.release(conversation),
    async close() {
      followers.close();
      await pool.close();
    },
  };
}

/** What is found out counts for all who reach the same; where each person is called as, for that person. */
function placeOf({ assignment, caller }: Allowed, { url, auth }: Remote): string {
  return `${assignment.server.id}\n${url}\n${auth?.identity === 'own' ? caller.user.id : ''}`;
}

/** What all share who reach the same server as the same. */
function contextOf(
  { assignment }: Allowed,
  { url, auth, allowPrivate, transport, egress, isSigned }: Remote,
  identity: Identity | undefined,
): string {
  const as = identity ? `${identity.id} ${identity.setAt}` : '';
  return [assignment.server.id, as, JSON.stringify({ url, auth, allowPrivate, transport, egress, isSigned })].join('\n');
}
