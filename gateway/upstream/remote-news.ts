// The stream on which a legacy server says what belongs to no request of ours (2025-11-25, basic/transports, "Listening for Messages from the Server"). It
// is followed as long as somebody listens, and from where it broke off. The rule: it is nobody's call, so it fails nothing; a server without one is left alone.
import type { Exchange } from '../egress/egress.ts';
import { exchange, type Peer } from './exchange.ts';

const againAfterMs = 1000;
const againAfterAtMostMs = 60_000;
const idleWithinMs = 3_600_000;

export interface News {
  /** Idempotent. */
  close(): void;
}

export function followNews(deps: {
  readonly peer: Peer;
  readonly headers: () => Readonly<Record<string, string>>;
  readonly onMessage: (body: Buffer) => void;
  /** The identity was refused (401): whether there is another value now. */
  readonly renewed: () => Promise<boolean>;
  /** It is there again, after a while in which nothing could be heard and of which nothing is kept. */
  readonly onMissed: () => void;
  /** The server says that there is no such session (404). */
  readonly onGone: () => void;
}): News {
  let running: Exchange | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let hasBroken = false;
  let lastId: string | undefined;
  let pauseMs = againAfterMs;

  function again(stream: { readonly lastId: string | undefined; readonly retryMs: number | undefined } | undefined): void {
    if (isClosed) return;
    hasBroken = true;
    lastId = stream?.lastId ?? lastId;
    timer = setTimeout(listen, Math.min(Math.max(pauseMs, stream?.retryMs ?? 0), againAfterAtMostMs)).unref();
    pauseMs = Math.min(pauseMs * 2, againAfterAtMostMs);
  }

  /** With another value at once; else it may be renewed by the next time. */
  async function refused(): Promise<void> {
    const isRenewed = await deps.renewed();
    if (isClosed) return;
    hasBroken = true;
    if (isRenewed) listen();
    else again(undefined);
  }

  function listen(): void {
    let status = 0;
    const headers = {
      ...deps.headers(),
      accept: 'text/event-stream',
      ...(lastId === undefined ? {} : { 'last-event-id': lastId }),
    };
    running = exchange(
      deps.peer,
      { method: 'GET', headers, idleWithinMs, isLong: true },
      {
        onHead(head) {
          status = head.status;
          if (status === 200 && hasBroken && lastId === undefined) deps.onMissed();
          if (status === 200) hasBroken = false;
        },
        onMessage(body) {
          // What comes with a refusal is no news.
          if (status !== 200) return;
          pauseMs = againAfterMs;
          deps.onMessage(body);
        },
        // Anything but a stream says that there is none (405), or that the session is over (404).
        onEnd: (stream) => (status === 401 ? void refused() : stream ? again(stream) : status === 404 && deps.onGone()),
        onFault: (fault, stream) => (status === 0 || stream) && fault.code !== 'EGRESS_FORBIDDEN' && again(stream),
      },
    );
  }

  listen();
  return {
    close() {
      isClosed = true;
      clearTimeout(timer);
      running?.abort();
    },
  };
}
