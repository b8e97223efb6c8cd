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
  /** The identity was refused (401): whether there is another value now. */
  readonly renewed: () => Promise<boolean>;
  readonly onDropped: () => void;
}

export function openListen(deps: RemoteListen, filter: ListenFilter, told: ListenTold) {
  const { peer, id, headers, faultOf, renewed, onDropped } = deps;
  const { server } = peer;
  let running: Exchange | undefined;
  let isClosed = false;

  function over(fault: Fault): void {
    if (isClosed) return;
    isClosed = true;
    running?.abort();
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

  async function refused(): Promise<void> {
    const isRenewed = await renewed();
    if (isClosed) return;
    if (isRenewed) begin(true);
    else over(faultOf(401) ?? new Fault('UPSTREAM_FAILED', { server, status: 401 }));
  }

  function begin(isAgain: boolean): void {
    let status = 0;
    /** A refusal says nothing of what is listened to, whatever else it says. */
    const isRefused = () => status === 401 || status === 403;
    running = exchange(
      peer,
      { method: 'POST', headers, body: listenRequest(id, filter), idleWithinMs, isLong: true },
      {
        onHead: (head) => void (status = head.status),
        onMessage(body) {
          if (isRefused()) return;
          try {
            receive(body);
          } catch {
            over(new Fault('SERVER_GARBAGE', { server, reason: 'what it says on subscriptions/listen can not be read' }));
          }
        },
        onEnd() {
          if (status === 401 && !isAgain) return void refused();
          over(faultOf(status) ?? new Fault('UPSTREAM_LOST', { server }));
        },
        onFault: over,
      },
    );
  }

  begin(false);
  return {
    close() {
      isClosed = true;
      running?.abort();
    },
  };
}
