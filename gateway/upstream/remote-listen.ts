// The stream on which a remote server of 2026-07-28 tells what the gateway listens to: the answer to a POST that stays open (basic/utilities/subscriptions).
// The rule: it is nobody's call, so it fails nothing; whatever can't be read on it ends it.
import { Fault } from '#contract/error.ts';
import type { Exchange } from '../egress/egress.ts';
import { readMessage } from '../mcp/jsonrpc.ts';
import { acknowledgedMethod, type ListenFilter, readHonored } from '../mcp/news.ts';
import { exchange, type Peer } from './exchange.ts';
import { listenRequest } from './handshake.ts';
import { listenFault, listenIdOf, type ListenTold } from './listen-stream.ts';

/** A server that is listened to says something now and then, if only a comment. */
const idleWithinMs = 3_600_000;

export interface RemoteListen {
  readonly peer: Peer;
  readonly id: number;
  readonly headers: Readonly<Record<string, string>>;
  /** What a status without an answer means, if it is one that means something. */
  readonly faultOf: (status: number) => Fault | undefined;
  readonly onDropped: () => void;
}

export function openListen({ peer, id, headers, faultOf, onDropped }: RemoteListen, filter: ListenFilter, told: ListenTold) {
  const { server } = peer;
  let status = 0;

  function over(fault: Fault): void {
    running.abort();
    told.onOver(fault);
  }

  function receive(body: Buffer): void {
    const message = readMessage(body);
    if (message.kind === 'request') return onDropped();
    const isOfIt = message.kind === 'response' || listenIdOf(message) === id;
    if (!isOfIt && message.kind === 'notification') return told.onNews(body, message);
    if (message.kind === 'notification' && message.method === acknowledgedMethod)
      return told.onAcknowledged(readHonored(message));
    over(listenFault(server, message));
  }

  const running: Exchange = exchange(
    peer,
    { method: 'POST', headers, body: listenRequest(id, filter), idleWithinMs, isLong: true },
    {
      onHead: (head) => void (status = head.status),
      onMessage(body) {
        try {
          receive(body);
        } catch {
          over(new Fault('SERVER_GARBAGE', { server, reason: 'what it says on subscriptions/listen can not be read' }));
        }
      },
      onEnd: () => told.onOver(faultOf(status) ?? new Fault('UPSTREAM_LOST', { server })),
      onFault: (fault) => told.onOver(fault),
    },
  );
  return { close: () => running.abort() };
}
