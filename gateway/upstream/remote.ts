// Remote servers over HTTP: one session for each conversation and identity, as whom the assignment says and as nobody else. A host's own
// token never goes on. The rule: a call is sent at most once; only a list is asked for again where the far end forgot the session.
import { Fault } from '#contract/error.ts';
import type { AllowedCall, AllowedListing, Era, Remote } from '../call.ts';
import { noAbilities } from '../mcp/ability.ts';
import type { Egress } from '../egress/egress.ts';
import { type Feature, features, headerNameOf } from '../mcp/feature.ts';
import type { RequestMessage } from '../mcp/jsonrpc.ts';
import { progressTokenOf } from '../mcp/progress.ts';
import type { Identity, Vault } from '../vault/vault.ts';
import { reveal, Secret } from '#contract/secret.ts';
import { tell } from './hearing.ts';
import { composerOf, readPages } from './item.ts';
import { createMirroredTools } from './mirrored.ts';
import { headerMismatch, isRefusedFor } from './remote-era.ts';
import { openRemote, type RemoteTalk, type RemoteTransport } from './remote-open.ts';
import { timedOut } from './session.ts';
import type { About, ListedItem, Reply, Trace, Upstream } from './upstream.ts';
import { leftOf, within } from './within.ts';

export interface RemoteDeps {
  readonly egress: Egress;
  readonly vault: Vault;
  readonly messageLimitBytes: number;
  readonly onDropped: () => void;
  readonly startWithinMs?: number;
  readonly idleMs?: number;
}
type Allowed = AllowedCall | AllowedListing;
interface Entry {
  readonly opening: Promise<RemoteTalk>;
  session: RemoteTalk | undefined;
}

interface Known {
  readonly era: Era;
  readonly transport: RemoteTransport;
  readonly about: About | undefined;
  readonly until: number;
}

const sessionLimit = 10_000;
const eraForgottenAfterMs = 3_600_000;
const endWithinMs = 2000;

export function createRemoteUpstream(deps: RemoteDeps): Upstream {
  const startWithinMs = deps.startWithinMs ?? 30_000;
  const idleMs = deps.idleMs ?? 600_000;
  const sessions = new Map<string, Entry>();
  /** What is known of each server; of one that is called as each person, of each. */
  const known = new Map<string, Known>();
  const mirrored = createMirroredTools(deps.onDropped);
  const sweep = setInterval(closeIdle, Math.min(idleMs, 30_000)).unref();

  /** As whom, before anything is sent. On record also where there is none. */
  function identityOf(allowed: Allowed, remote: Remote, trace: Trace): Identity | undefined | Promise<Identity> {
    const { auth, origin } = remote;
    if (!auth) return undefined;
    const { server, gateway } = allowed.assignment;
    trace.identity = { kind: auth.identity, id: null };
    return deps.vault.identity({ kind: auth.identity, server, user: allowed.caller.user, gateway: gateway.id, origin });
  }

  async function sessionFor(allowed: Allowed, trace: Trace, signal: AbortSignal): Promise<RemoteTalk> {
    const { remote, server, timeoutMs } = allowed.assignment;
    if (!remote) throw new Fault('SERVER_NOT_ASSIGNED', { server: server.slug });
    const found = identityOf(allowed, remote, trace);
    const identity =
      found instanceof Promise ? await within(found, timeoutMs, () => timedOut(server.slug, timeoutMs, 0), signal) : found;
    if (identity && remote.auth) trace.identity = { kind: remote.auth.identity, id: identity.id };
    const as = identity ? `${identity.id} ${identity.setAt}` : '';
    const { auth, url, allowPrivate, transport, egress } = remote;
    const { declared } = allowed.audience?.abilities ?? noAbilities;
    const place = JSON.stringify({ url, auth, allowPrivate, transport, egress });
    const key = [allowed.conversation, allowed.caller.user.id, server.id, as, place, declared].join('\n');
    const entry = sessions.get(key);
    if (entry?.session?.isOpen) return entry.session;
    const { opening } = entry ?? begin(key, allowed, remote, identity);
    return within(opening, timeoutMs, () => timedOut(server.slug, timeoutMs, 0), signal);
  }

  function begin(key: string, allowed: Allowed, remote: Remote, identity: Identity | undefined): Entry {
    if (sessions.size >= sessionLimit) throw new Fault('BUSY', { what: 'remote servers' });
    const { server } = allowed.assignment;
    const place = placeOf(allowed, remote);
    const before = known.get(place);
    const valid = before && before.until > Date.now() ? before : undefined;
    const forget = () => sessions.get(key) === entry && sessions.delete(key);
    const opened = openRemote({
      egress: deps.egress,
      server: server.slug,
      remote,
      credential: credentialOf(remote, identity),
      abilities: allowed.audience?.abilities ?? noAbilities,
      limitBytes: deps.messageLimitBytes,
      knownEra: valid?.era,
      knownTransport: valid?.transport,
      startWithinMs,
      refused: (status) => refused(allowed, remote, status),
      onDropped: deps.onDropped,
      onClosed: forget,
      // The server is not what it was taken for: the next session asks it again.
      onMistaken: () => known.delete(place),
    });
    const entry: Entry = { opening: opened.then(({ talk }) => talk), session: undefined };
    sessions.set(key, entry);
    opened.then(
      ({ talk: session, transport }) => {
        if (known.size > sessionLimit) known.clear();
        // A verdict that was only believed again does not last longer for it.
        const until = session.about || !before ? Date.now() + eraForgottenAfterMs : before.until;
        known.set(place, { era: session.era, transport, about: session.about ?? before?.about, until });
        entry.session = session;
        if (!session.isOpen) forget();
      },
      () => {
        known.delete(place);
        forget();
      },
    );
    return entry;
  }

  function closeIdle(): void {
    for (const { session } of [...sessions.values()]) {
      if (session?.isIdle && performance.now() - session.lastUsedAt > idleMs) void session.close();
    }
  }

  /** The parameters of a call that a modern server wants in headers. */
  function mirroredBy({ era }: RemoteTalk, allowed: AllowedCall, { params }: RequestMessage): Readonly<Record<string, string>> {
    const { remote } = allowed.assignment;
    if (!remote || era === 'legacy' || allowed.item.kind !== 'tools') return {};
    return mirrored.headersFor(placeOf(allowed, remote), allowed.item.name, params.value['arguments']);
  }

  async function call(allowed: AllowedCall, request: RequestMessage, trace: Trace, signal: AbortSignal): Promise<Reply> {
    const { timeoutMs } = allowed.assignment;
    const beganAt = performance.now();
    const session = await sessionFor(allowed, trace, signal);
    session.join(allowed);
    const compose = composerOf(allowed, request);
    const { method } = request;
    const name = headerNameOf(request) === undefined ? undefined : allowed.item.name;
    const leftMs = leftOf(timeoutMs, beganAt);
    const progressToken = progressTokenOf(request);
    const asked = { method, name, compose, timeoutMs, call: allowed, progressToken, trace };
    const headers = mirroredBy(session, allowed, request);
    const isOn = method === 'resources/subscribe';
    const isSubscription = isOn || method === 'resources/unsubscribe';
    const first = { ...asked, leftMs, headers };
    let answer = await (isSubscription ? session.subscribe(first, isOn, signal) : session.request(first, signal));
    if (isRefusedFor(answer, headerMismatch) && session.era === 'modern' && allowed.item.kind === 'tools') {
      // Refused for its headers, so it was not run: what they have to be is in the tool's newest definition.
      await listOnce(allowed, features.tools, {}, signal);
      const better = mirroredBy(session, allowed, request);
      if (JSON.stringify(better) !== JSON.stringify(headers))
        answer = await session.request({ ...asked, leftMs: leftOf(timeoutMs, beganAt), headers: better }, signal);
    }
    trace.answeredAt = performance.now();
    return answer;
  }

  async function list(
    allowed: AllowedListing,
    feature: Feature,
    trace: Trace,
    signal: AbortSignal,
  ): Promise<readonly ListedItem[]> {
    try {
      return await listOnce(allowed, feature, trace, signal);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'UPSTREAM_SESSION_LOST') throw error;
      return await listOnce(allowed, feature, trace, signal);
    }
  }

  async function listOnce(
    allowed: AllowedListing,
    feature: Feature,
    trace: Trace,
    signal: AbortSignal,
  ): Promise<readonly ListedItem[]> {
    const { server, timeoutMs } = allowed.assignment;
    const beganAt = performance.now();
    const session = await sessionFor(allowed, trace, signal);
    session.join(allowed);
    const said = about(allowed);
    if (said && !said.capabilities.has(feature.capability)) return [];
    const items = await readPages(server.slug, feature, deps.onDropped, async (compose) => {
      const asked = { method: feature.method, compose, timeoutMs, leftMs: leftOf(timeoutMs, beganAt), trace };
      const answer = await session.request(asked, signal);
      trace.answeredAt = performance.now();
      return answer;
    });
    const { remote } = allowed.assignment;
    const isMirrored = remote !== undefined && session.era === 'modern' && feature.kind === 'tools';
    return isMirrored ? mirrored.learn(placeOf(allowed, remote), items) : items;
  }

  function about(listing: AllowedListing): About | undefined {
    const { remote } = listing.assignment;
    return remote && known.get(placeOf(listing, remote))?.about;
  }

  return {
    call,
    list,
    about,
    hear(conversation, news) {
      tell(sessions, conversation, news);
    },
    release(conversation) {
      for (const [key, { opening }] of sessions) {
        if (key.startsWith(`${conversation}\n`)) void opening.then((session) => session.close()).catch(() => undefined);
      }
    },
    async close() {
      clearInterval(sweep);
      const all = [...sessions.values()].flatMap(({ session }) => (session ? [session.close()] : []));
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, endWithinMs);
      await Promise.race([Promise.all(all), late]);
      clearTimeout(timer);
    },
  };
}

function placeOf({ assignment, caller }: Allowed, { url, auth }: Remote): string {
  return `${assignment.server.id}\n${url}\n${auth?.identity === 'own' ? caller.user.id : ''}`;
}

function credentialOf({ auth }: Remote, identity: Identity | undefined) {
  if (!auth || !identity) return undefined;
  const { header, isBearer } = auth;
  return { header, value: isBearer ? new Secret(`Bearer ${reveal(identity.value)}`) : identity.value };
}

function refused({ assignment, caller }: Allowed, { auth }: Remote, status: number): Fault {
  const server = assignment.server.slug;
  if (!auth) return new Fault('UPSTREAM_FAILED', { server, status });
  const isOwn = auth.identity === 'own';
  const whose = isOwn ? `identity of "${caller.user.slug}"` : 'shared identity';
  return new Fault('IDENTITY_REFUSED', { server, status, whose, option: isOwn ? `--user ${caller.user.slug}` : '--shared' });
}
