// Workstation servers: chooses the workstation and the command, keeps one session per conversation (or per workstation where the server is
// shareable), and sends the call over its channel. A lost tunnel ends the calls on it; nothing is ever sent twice.
import { Fault } from '#contract/error.ts';
import type { Slug, UserId, WorkstationId } from '#contract/id.ts';
import type { AllowedCall, AllowedListing, Destination } from '../call.ts';
import type { InForce } from '../in-force.ts';
import { noAbilities } from '../mcp/ability.ts';
import type { Feature } from '../mcp/feature.ts';
import type { NotificationMessage, RequestMessage } from '../mcp/jsonrpc.ts';
import { progressTokenOf } from '../mcp/progress.ts';
import type { Hub } from '../tunnel/hub.ts';
import { chooseDestination } from './destination.ts';
import { createFollowers } from './follow.ts';
import { composerOf, readPages } from './item.ts';
import { openSession, type Session, timedOut } from './session.ts';
import { createSessionKeys } from './session-key.ts';
import { type Opening, SessionPool } from './session-pool.ts';
import { createSharedLists } from './shared-list.ts';
import type { About, ListedItem, ListTerms, Reply, Screening, Trace, Upstream } from './upstream.ts';
import { leftOf, within } from './within.ts';

export interface WorkstationDeps {
  readonly hub: Hub;
  readonly inForce: InForce;
  readonly onDropped: () => void;
  readonly screen: Screening;
  readonly startWithinMs?: number;
  readonly idleMs?: number;
  /** In ms since 1970. */
  readonly now?: () => number;
}
type Allowed = AllowedCall | AllowedListing;
/** Of whom it is remembered which workstation they used. */
const rememberAtMost = 10_000;

export function createWorkstationUpstream(deps: WorkstationDeps): Upstream {
  const startWithinMs = deps.startWithinMs ?? 30_000;
  const shared = createSharedLists();
  const pool = new SessionPool<Session>({ what: 'local servers', idleMs: deps.idleMs, now: deps.now });
  const keyOf = createSessionKeys();
  const lastUsed = new Map<string, WorkstationId>();
  /** Who used one last: most calls are of who called before. */
  let newest: { readonly user: UserId; readonly server: Slug; readonly workstation: WorkstationId } | undefined;

  function sessionFor(
    allowed: Allowed,
    destination: Destination,
    signal: AbortSignal,
    withinMs: number,
    isTold = false,
  ): Session | Promise<Session> {
    const { server, shareable } = allowed.assignment;
    const owner = shareable ? 'shared' : allowed.conversation;
    const { host } = allowed.caller;
    const { workstation, fingerprint } = destination;
    // What a host can be asked is said once, when the session begins. Of those who share one, none is asked.
    const abilities = shareable ? noAbilities : (allowed.audience?.abilities ?? noAbilities);
    const keyFor = (declared: string) => keyOf(allowed.assignment, { owner, host, declared }, destination);
    // Where a host says nothing of what it can be asked, as in a notification, it is for the process that it talked to last.
    const isUnsaid = isTold && !shareable && abilities.declared === noAbilities.declared;
    const told = isUnsaid ? pool.lastOf(allowed.conversation, keyFor('')) : undefined;
    const needed = {
      allowed,
      isShared: shareable,
      withinMs,
      key: told ?? keyFor(abilities.declared),
      place: commandOf(destination),
      bears: undefined,
      open: async ({ known, knownAbout, onClosed }: Opening) => {
        const talk = await openSession({
          server: server.slug,
          isShared: shareable,
          abilities,
          workstation,
          open: (events, deadline) => deps.hub.open(workstation, server.slug, fingerprint, events, deadline, host),
          knownEra: known?.era,
          knownAbout,
          startWithinMs,
          onDropped: deps.onDropped,
          screen: deps.screen,
          onClosed,
        });
        return { talk, transport: undefined };
      },
    };
    return pool.sessionFor(needed, signal);
  }

  function choose(allowed: Allowed): Destination {
    return chooseDestination(deps.inForce.current(), deps.hub, allowed, () => lastUsed.get(ownerOf(allowed)));
  }

  function destinationOf(allowed: Allowed, trace: Trace): Destination {
    const destination = choose(allowed);
    const { workstation } = destination;
    const [user, server] = [allowed.caller.user.id, allowed.assignment.server.slug];
    if (newest?.user !== user || newest.server !== server || newest.workstation !== workstation) {
      newest = { user, server, workstation };
      const owner = ownerOf(allowed);
      // The one that called last is forgotten last.
      lastUsed.delete(owner);
      lastUsed.set(owner, workstation);
      const [oldest] = lastUsed.size > rememberAtMost ? lastUsed.keys() : [];
      if (oldest !== undefined) lastUsed.delete(oldest);
    }
    trace.destination = destination;
    return destination;
  }

  function about(listing: AllowedListing): About | undefined {
    try {
      return pool.about(commandOf(choose(listing)));
    } catch (error) {
      if (error instanceof Fault) return undefined; // nowhere to go now
      throw error;
    }
  }

  async function call(allowed: AllowedCall, request: RequestMessage, trace: Trace, signal: AbortSignal): Promise<Reply> {
    const { timeoutMs } = allowed.assignment;
    const ready = sessionFor(allowed, destinationOf(allowed, trace), signal, timeoutMs);
    const beganAt = ready instanceof Promise ? performance.now() : undefined;
    const session = ready instanceof Promise ? await ready : ready;
    session.join(allowed);
    const leftMs = beganAt === undefined ? timeoutMs : leftOf(timeoutMs, beganAt);
    const compose = composerOf(allowed, request);
    const progressToken = progressTokenOf(request);
    const answer = await session.request({ compose, timeoutMs, leftMs, call: allowed, progressToken, trace }, signal);
    trace.answeredAt = performance.now();
    return answer;
  }

  async function tell(allowed: AllowedCall, { method }: NotificationMessage, trace: Trace, signal: AbortSignal): Promise<void> {
    const session = await sessionFor(allowed, destinationOf(allowed, trace), signal, allowed.assignment.timeoutMs, true);
    session.join(allowed);
    await session.tell(method, allowed.body, trace);
  }

  async function list(
    allowed: AllowedListing,
    feature: Feature,
    trace: Trace,
    signal: AbortSignal,
    { since, withinMs: timeoutMs = allowed.assignment.timeoutMs }: ListTerms = {},
  ): Promise<readonly ListedItem[]> {
    const { server, shareable } = allowed.assignment;
    const beganAt = performance.now();
    const destination = destinationOf(allowed, trace);
    const session = await sessionFor(allowed, destination, signal, timeoutMs);
    session.join(allowed);
    const about = pool.about(commandOf(destination));
    if (about && !about.capabilities.has(feature.capability)) return [];
    const { declared } = shareable ? noAbilities : (allowed.audience?.abilities ?? noAbilities);
    const ask = (given: AbortSignal) =>
      readPages(server.slug, feature, deps.onDropped, declared, async (compose) => {
        const answer = await session.request({ compose, timeoutMs, leftMs: leftOf(timeoutMs, beganAt), trace }, given);
        trace.answeredAt = performance.now();
        return answer;
      });
    if (!shareable || since === undefined) return await ask(signal);
    const key = [allowed.caller.host, commandOf(destination), server.slug, feature.kind].join('\n');
    const late = () => timedOut(server.slug, timeoutMs, 0);
    return await shared.get(key, since, ask, (items) => within(items, timeoutMs, late, signal));
  }

  const followers = createFollowers({
    async interestOf(listing, trace, signal) {
      const session = await sessionFor(listing, destinationOf(listing, trace), signal, listing.assignment.timeoutMs);
      session.join(listing);
      return session.interest;
    },
    waitsFor: ({ caller, assignment }) => (assignment.reach === 'caller' ? caller.user.id : assignment.reach),
    isStarted: true,
  });
  deps.hub.onAppeared(({ user, workstation }) => {
    followers.wake(user);
    followers.wake(workstation);
  });

  return {
    call,
    tell,
    meet: async (listing, signal, withinMs) => void (await sessionFor(listing, choose(listing), signal, withinMs)),
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

/** Of this workstation: another one may say the same fingerprint of a server that speaks otherwise. */
function commandOf({ workstation, fingerprint }: Destination): string {
  return `${workstation}\n${fingerprint}`;
}

function ownerOf({ caller, assignment }: Allowed): string {
  return `${caller.user.id}\n${assignment.server.slug}`;
}
