// The transport of 2024-11-05 to a remote server (basic/transports, "HTTP with SSE"): one stream on which all its messages come, and an address that it names
// there, to which ours are posted. It is a channel like that of a local server. The rule: that address is of the server's own origin, so neither a message
// nor a credential goes elsewhere; what was posted in vain fails its own call, and nothing is posted twice.
import { Fault } from '#contract/error.ts';
import { remnantOf } from '#contract/remnant.ts';
import type { Exchange } from '../egress/egress.ts';
import { readMessage } from '../mcp/jsonrpc.ts';
import type { Channel, ChannelEvents } from '../tunnel/hub.ts';
import { upstreamBusy } from './busy.ts';
import { exchange, garbage, type Peer } from './exchange.ts';
import { clientInfo } from './handshake.ts';

/** How long nothing may come on the stream. */
const idleWithinMs = 3_600_000;
const postWithinMs = 30_000;
const postingLimit = 1024;
const agent = { 'user-agent': `${clientInfo.name}/${clientInfo.version}` } as const;

export interface OldStreamDeps {
  readonly peer: Peer;
  readonly events: ChannelEvents;
  /** What a status says of the identity that was sent. */
  readonly refused: (status: number) => Fault;
}

/**
 * Resolves once the server named where to post. Rejects with UPSTREAM_FAILED or SERVER_GARBAGE where it answers otherwise, EGRESS_FORBIDDEN where that is of
 * another origin, IDENTITY_REFUSED, UPSTREAM_BUSY, UPSTREAM_UNREACHABLE, UPSTREAM_LOST, CANCELLED.
 */
export function openOldStream({ peer, events, refused }: OldStreamDeps, signal: AbortSignal): Promise<Channel> {
  const { server, remote } = peer;
  return new Promise((resolve, reject) => {
    /** The stream (0), and each POST under way by its number. */
    const underWay = new Map<number, Exchange>();
    let endpoint: URL | undefined;
    let status = 0;
    let retryAfter: string | undefined;
    let isOver = false;
    let queuedBytes = 0;
    let sent = 0;
    /** What follows the handshake (initialize, initialized) waits until that was taken: each POST may have a connection of its own, and would overtake it. */
    let settled = Promise.resolve();

    function end(fault: Fault | undefined): void {
      if (isOver) return;
      isOver = true;
      signal.removeEventListener('abort', onAbort);
      for (const one of underWay.values()) one.abort();
      underWay.clear();
      if (endpoint) events.onClosed(fault);
      else reject(fault ?? new Fault('CANCELLED'));
    }
    const onAbort = () => end(new Fault('CANCELLED'));

    function named(data: Buffer): void {
      if (endpoint || isOver) return;
      const url = URL.parse(data.toString('utf8').trim(), remote.url);
      if (url?.origin !== remote.origin || url.username || url.password)
        return end(new Fault('EGRESS_FORBIDDEN', { server, reason: 'it wants its messages sent to another origin' }));
      url.hash = '';
      endpoint = url;
      signal.removeEventListener('abort', onAbort);
      resolve(channel);
    }

    /** One message, once. */
    function post(url: URL, message: Buffer, nth: number): Promise<void> {
      return new Promise((done) => {
        let answered = 0;
        let retryAfter: string | undefined;
        let isDone = false;
        const over = (fault?: Fault) => {
          isDone = true;
          underWay.delete(nth);
          queuedBytes -= message.length;
          if (fault) failed(message, fault);
          done();
        };
        const headers = { ...agent, 'content-type': 'application/json' };
        const running = exchange(
          peer,
          { url, method: 'POST', headers, body: message, idleWithinMs: postWithinMs },
          {
            onHead(head) {
              answered = head.status;
              retryAfter = head.header('retry-after');
            },
            onMessage: () => undefined, // answers come on the stream
            onEnd: () => over(answered < 300 ? undefined : postFaultOf(answered, retryAfter)),
            onFault: over,
          },
        );
        if (!isDone) underWay.set(nth, running);
      });
    }

    function faultOf(answered: number, retryAfter: string | undefined): Fault {
      if (answered === 401 || answered === 403) return refused(answered);
      return answered === 429 ? upstreamBusy(server, retryAfter) : new Fault('UPSTREAM_FAILED', { server, status: answered });
    }
    const postFaultOf = (answered: number, retryAfter: string | undefined): Fault =>
      answered === 404 || answered === 410 ? new Fault('UPSTREAM_SESSION_LOST', { server }) : faultOf(answered, retryAfter);

    function failed(message: Buffer, fault: Fault): void {
      if (fault.code === 'UPSTREAM_SESSION_LOST' || fault.code === 'IDENTITY_REFUSED') return end(fault);
      const lost = readMessage(message);
      if (lost.kind !== 'request') return;
      const id = message.toString('utf8', lost.idSpan.start, lost.idSpan.end);
      events.onAborted(fault, remnantOf(Buffer.from(`{"jsonrpc":"2.0","id":${id},"error":{}}`)));
    }

    const channel: Channel = {
      get queuedBytes() {
        return queuedBytes;
      },
      send(message) {
        if (isOver || !endpoint) throw new Fault('UPSTREAM_LOST', { server });
        if (underWay.size > postingLimit) throw new Fault('BUSY', { what: `the server "${server}"` });
        const url = endpoint;
        queuedBytes += message.length;
        const nth = ++sent;
        const posted = settled.then(() => (isOver ? undefined : post(url, message, nth)));
        if (nth === 2) settled = posted;
      },
      close: () => end(undefined),
    };

    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    const stream = exchange(
      peer,
      { method: 'GET', headers: { ...agent, accept: 'text/event-stream' }, idleWithinMs, isLong: true, isEndless: true },
      {
        onHead(head) {
          status = head.status;
          retryAfter = head.header('retry-after');
        },
        onMessage: (body) => events.onMessage(body),
        onOther: (type, data) => void (type === 'endpoint' && named(data)),
        onEnd: (wasStream) =>
          end(
            wasStream
              ? new Fault('UPSTREAM_LOST', { server })
              : status === 200
                ? garbage(server, 'it answered with no stream')
                : faultOf(status, retryAfter),
          ),
        onFault: end,
      },
    );
    if (!isOver) underWay.set(0, stream);
  });
}
