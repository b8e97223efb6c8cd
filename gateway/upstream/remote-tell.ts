// What a remote server is told without being asked for an answer: notifications, and what a host answered to it. The rule: whoever needs it to have arrived
// waits for it; whatever else does not arrive is lost, and nothing waits for it beyond a bound.
import { Fault } from '#contract/error.ts';
import { exchange, type Peer, type Told } from './exchange.ts';

const underWayLimit = 1024;
/** For messages that nobody waits for. */
export const besideWithinMs = 10_000;
const ignored: Told = { onHead: () => undefined, onMessage: () => undefined, onEnd: () => undefined, onFault: () => undefined };

export interface TellDeps {
  readonly peer: Peer;
  readonly headers: (method: string | undefined) => Readonly<Record<string, string>>;
  /** What a status says, where it says more than that it failed. */
  readonly faultOf: (status: number, retryAfter: string | undefined) => Fault | undefined;
}
export interface Telling {
  /** Rejects where the server did not take it, and with CANCELLED where it is given up. */
  tell(method: string | undefined, body: Buffer, signal?: AbortSignal, onSent?: () => void): Promise<void>;
  /** A server that does not take it loses nothing but this. */
  send(method: string | undefined, body: Buffer): void;
  /** Tells the server that the session is over, and waits for whatever comes of that. */
  leave(headers: Readonly<Record<string, string>>): Promise<void>;
  /** Gives up what is under way. */
  quiet(): void;
}

export function createTelling({ peer, headers, faultOf }: TellDeps): Telling {
  /** Gives it up, each. */
  const underWay = new Set<() => void>();

  function tell(method: string | undefined, body: Buffer, signal?: AbortSignal, onSent?: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new Fault('CANCELLED'));
      const outgoing = { method: 'POST' as const, headers: headers(method), body, idleWithinMs: besideWithinMs };
      let status = 0;
      let retryAfter: string | undefined;
      const running = exchange(peer, outgoing, {
        ...ignored,
        ...(onSent && { onSent }),
        onHead(head) {
          status = head.status;
          retryAfter = head.header('retry-after');
        },
        onEnd: () => (done(), settle(status)),
        onFault: (fault) => (done(), reject(fault)),
      });
      const done = () => {
        underWay.delete(giveUp);
        signal?.removeEventListener('abort', giveUp);
      };
      const giveUp = () => {
        running.abort();
        done();
        reject(new Fault('CANCELLED'));
      };
      const settle = (of: number) => {
        if (of < 300) return resolve();
        reject(faultOf(of, retryAfter) ?? new Fault('UPSTREAM_FAILED', { server: peer.server, status: of }));
      };
      underWay.add(giveUp);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }
  return {
    tell,
    send(method, body) {
      if (underWay.size < underWayLimit) tell(method, body).catch(() => undefined);
    },
    leave: (of) =>
      new Promise<void>((resolve) => {
        const outgoing = { method: 'DELETE' as const, headers: of, idleWithinMs: besideWithinMs };
        exchange(peer, outgoing, { ...ignored, onEnd: () => resolve(), onFault: () => resolve() });
      }),
    quiet() {
      for (const giveUp of underWay) giveUp();
    },
  };
}
