// Workstation servers: chooses the workstation and the command, keeps one session per conversation (or per workstation where the server is
// shareable), and sends the call over its channel. A lost tunnel ends the calls on it; nothing is ever sent twice.
import { Fault } from '#contract/error.ts';
import type { WorkstationId } from '#contract/id.ts';
import type { AllowedCall, AllowedListing, Destination, Era } from '../call.ts';
import type { InForce } from '../in-force.ts';
import { noAbilities } from '../mcp/ability.ts';
import type { Feature } from '../mcp/feature.ts';
import type { RequestMessage } from '../mcp/jsonrpc.ts';
import { progressTokenOf } from '../mcp/progress.ts';
import type { Hub } from '../tunnel/hub.ts';
import { chooseDestination } from './destination.ts';
import { createFollowers } from './follow.ts';
import { tell } from './hearing.ts';
import { composerOf, readPages } from './item.ts';
import { openSession, type Session, type SessionDeps, timedOut } from './session.ts';
import type { About, ListedItem, Reply, Trace, Upstream } from './upstream.ts';
import { leftOf, within } from './within.ts';

export interface WorkstationDeps {
  readonly hub: Hub;
  readonly inForce: InForce;
  readonly onDropped: () => void;
  readonly startWithinMs?: number;
  readonly idleMs?: number;
}
type Allowed = AllowedCall | AllowedListing;
interface Entry {
  readonly opening: Promise<Session>;
  /** Set once it is open. */
  session: Session | undefined;
}

const sessionLimit = 10_000;
const eraForgottenAfterMs = 3_600_000;

export function createWorkstationUpstream(deps: WorkstationDeps): Upstream {
  const startWithinMs = deps.startWithinMs ?? 30_000;
  const idleMs = deps.idleMs ?? 600_000;
  const sessions = new Map<string, Entry>();
  /** What is known of each command of each workstation. */
  const known = new Map<string, { era: Era; about: About | undefined; until: number }>();
  const lastUsed = new Map<string, WorkstationId>();
  const sweep = setInterval(closeIdle, Math.min(idleMs, 30_000)).unref();

  /** The session, at once where it is open. A start that takes longer than the call may goes on for the next one. */
  function sessionFor(allowed: Allowed, destination: Destination, signal: AbortSignal): Session | Promise<Session> {
    const { server, timeoutMs, shareable } = allowed.assignment;
    const owner = shareable ? 'shared' : allowed.conversation;
    const { host } = allowed.caller;
    // What a host can be asked is said once, when the session begins. Of those who share one, none is asked.
    const abilities = shareable ? noAbilities : (allowed.audience?.abilities ?? noAbilities);
    const key = `${owner}\n${host}\n${destination.workstation}\n${server.slug}\n${destination.fingerprint}\n${abilities.declared}`;
    const entry = sessions.get(key);
    if (entry?.session?.isOpen) return entry.session;
    const { opening } = entry ?? begin(key, { server: server.slug, isShared: shareable, abilities }, host, destination);
    return within(opening, timeoutMs, () => timedOut(server.slug, timeoutMs, 0), signal);
  }

  function begin(
    key: string,
    terms: Pick<SessionDeps, 'server' | 'isShared' | 'abilities'>,
    host: string,
    destination: Destination,
  ): Entry {
    const { server } = terms;
    const { workstation, fingerprint } = destination;
    if (sessions.size >= sessionLimit) throw new Fault('BUSY', { what: 'local servers' });
    const command = commandOf(destination);
    const before = known.get(command);
    const forget = () => sessions.get(key) === entry && sessions.delete(key);
    const opening = openSession({
      ...terms,
      workstation,
      open: (events, deadline) => deps.hub.open(workstation, server, fingerprint, events, deadline, host),
      knownEra: before && before.until > Date.now() ? before.era : undefined,
      knownAbout: before?.about,
      startWithinMs,
      onDropped: deps.onDropped,
      onClosed: () => forget(),
    });
    const entry: Entry = { opening, session: undefined };
    sessions.set(key, entry);
    opening.then((session) => {
      if (known.size > sessionLimit) known.clear();
      const about = session.about ?? before?.about;
      known.set(command, { era: session.era, about, until: Date.now() + eraForgottenAfterMs });
      entry.session = session;
      if (!session.isOpen) forget();
    }, forget);
    return entry;
  }

  function choose(allowed: Allowed): Destination {
    return chooseDestination(deps.inForce.current(), deps.hub, allowed, lastUsed.get(ownerOf(allowed)));
  }

  function destinationOf(allowed: Allowed, trace: Trace): Destination {
    const destination = choose(allowed);
    if (lastUsed.size > sessionLimit) lastUsed.clear();
    lastUsed.set(ownerOf(allowed), destination.workstation);
    trace.destination = destination;
    return destination;
  }

  function about(listing: AllowedListing): About | undefined {
    try {
      return known.get(commandOf(choose(listing)))?.about;
    } catch (error) {
      if (error instanceof Fault) return undefined; // nowhere to go now
      throw error;
    }
  }

  function closeIdle(): void {
    for (const { session } of [...sessions.values()]) {
      if (session?.isIdle && performance.now() - session.lastUsedAt > idleMs) session.close();
    }
  }

  async function call(allowed: AllowedCall, request: RequestMessage, trace: Trace, signal: AbortSignal): Promise<Reply> {
    const { timeoutMs } = allowed.assignment;
    const ready = sessionFor(allowed, destinationOf(allowed, trace), signal);
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

  async function list(
    allowed: AllowedListing,
    feature: Feature,
    trace: Trace,
    signal: AbortSignal,
  ): Promise<readonly ListedItem[]> {
    const { server, timeoutMs } = allowed.assignment;
    const beganAt = performance.now();
    const destination = destinationOf(allowed, trace);
    const session = await sessionFor(allowed, destination, signal);
    session.join(allowed);
    const about = known.get(commandOf(destination))?.about;
    if (about && !about.capabilities.has(feature.capability)) return [];
    const { declared } = allowed.assignment.shareable ? noAbilities : (allowed.audience?.abilities ?? noAbilities);
    return readPages(server.slug, feature, deps.onDropped, declared, async (compose) => {
      const answer = await session.request({ compose, timeoutMs, leftMs: leftOf(timeoutMs, beganAt), trace }, signal);
      trace.answeredAt = performance.now();
      return answer;
    });
  }

  const followers = createFollowers({
    async interestOf(listing, trace, signal) {
      const session = await sessionFor(listing, destinationOf(listing, trace), signal);
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
    list,
    about,
    follow: followers.follow,
    hear(conversation, news) {
      tell(sessions, conversation, news);
    },
    release(conversation) {
      for (const [key, { opening, session }] of sessions) {
        session?.leave(conversation);
        if (key.startsWith(`${conversation}\n`)) void opening.then((opened) => opened.close()).catch(() => undefined);
      }
    },
    async close() {
      clearInterval(sweep);
      followers.close();
      const all = await Promise.allSettled([...sessions.values()].map(({ opening }) => opening));
      for (const opened of all) if (opened.status === 'fulfilled') opened.value.close();
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
