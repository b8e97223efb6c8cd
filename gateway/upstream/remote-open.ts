// The first talk with a remote server: over Streamable HTTP, and where its initialize fails as it does at a server that only knows the transport of
// 2024-11-05, over that (2025-11-25, basic/transports, "Backwards Compatibility"). The rule: what another transport can't mend is told as it was.
import { Fault } from '#contract/error.ts';
import { openOldStream } from './old-stream.ts';
import { openRemoteSession, type RemoteSession, type RemoteSessionDeps } from './remote-session.ts';
import { openSession, type Session } from './session.ts';
import type { Opened } from './session-pool.ts';

/** A session with it, whatever it speaks. */
export type RemoteTalk = RemoteSession | Session;

/** A server that speaks it names its address at once. */
const probeWithinMs = 5000;
const notSpoken: ReadonlySet<string> = new Set([
  'UPSTREAM_FAILED',
  'SERVER_GARBAGE',
  'SERVER_TIMEOUT',
  'UPSTREAM_LOST',
  'ANSWER_TOO_LARGE',
  'CANCELLED',
]);

/** Rejects with a Fault, and leaves nothing open. */
export async function openRemote(deps: RemoteSessionDeps): Promise<Opened<RemoteTalk>> {
  if (deps.remote.transport === 'sse' || deps.known?.transport === 'sse')
    return { talk: await openOld(deps, deps.startWithinMs), transport: 'sse' };
  try {
    return { talk: await openRemoteSession(deps), transport: 'http' };
  } catch (error) {
    if (!mayBeOlder(error)) throw error;
    try {
      return { talk: await openOld(deps, probeWithinMs), transport: 'sse' };
    } catch (second) {
      throw second instanceof Fault && notSpoken.has(second.code) ? error : second;
    }
  }
}

function openOld(deps: RemoteSessionDeps, namedWithinMs: number): Promise<Session> {
  const { server, abilities, onDropped, screen, onClosed, refused } = deps;
  return openSession({
    server,
    workstation: null,
    isShared: false,
    abilities,
    open: (events, signal) =>
      openOldStream({ peer: deps, events, refused }, AbortSignal.any([signal, AbortSignal.timeout(namedWithinMs)])),
    knownEra: 'legacy',
    knownAbout: undefined,
    startWithinMs: Math.min(deps.startWithinMs, deps.timeoutMs),
    onDropped,
    screen,
    onClosed,
  });
}

/** The statuses that the specification names, and an error as the answer to initialize. */
function mayBeOlder(error: unknown): boolean {
  if (!(error instanceof Fault)) return false;
  if (error.code === 'SERVER_START_FAILED') return true;
  return error.code === 'UPSTREAM_FAILED' && [400, 404, 405].includes(Number(error.fields['status']));
}
