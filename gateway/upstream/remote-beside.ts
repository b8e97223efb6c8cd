// What a remote server says on the stream of one request beside its answer. The rule: it belongs to the call that the stream is of and to no other, so
// nobody has to guess; only news of lists and resources is for the whole conversation. Nothing is made for a request whose stream says nothing.
import type { Slug } from '#contract/id.ts';
import type { NotificationMessage, RequestMessage } from '../mcp/jsonrpc.ts';
import { Unasked, type UnderWayCall } from './unasked.ts';
import type { Screening } from './upstream.ts';

export interface BesideDeps {
  readonly server: Slug;
  /** Of the request; its progress token too. */
  readonly id: number;
  /** A server of the modern era may ask nothing on a stream (2026-07-28, basic/transports/streamable-http). */
  readonly mayAsk: boolean;
  /** What is for the conversation. */
  readonly news: Unasked;
  readonly send: (message: Buffer) => void;
  readonly onDropped: () => void;
  readonly screen: Screening;
}

/** So often a server may ask on one stream, ping included. */
const asksAtMost = 100;
const ofCall: ReadonlySet<string> = new Set(['notifications/progress', 'notifications/message', 'notifications/cancelled']);

/** `call` is the request as it waits. */
export type Beside = (message: RequestMessage | NotificationMessage, body: Buffer, call: UnderWayCall) => void;

export function besideOf({ server, id, mayAsk, news, send, onDropped, screen }: BesideDeps): Beside {
  let asks = 0;
  let own: Unasked | undefined;

  function ownOf(call: UnderWayCall): Unasked {
    const calls = { get: (of: number) => (of === id ? call : undefined), values: () => [call] };
    const onNews = (body: Buffer, message: NotificationMessage) => news.notified(body, message);
    return new Unasked({ server, workstation: null, isShared: false, calls, send, onNews, onDropped, screen });
  }

  return (message, body, call) => {
    if (message.kind === 'request') {
      if (!mayAsk || asks++ >= asksAtMost) return onDropped();
      own ??= ownOf(call);
      return own.asked(body, message);
    }
    if (!ofCall.has(message.method)) return news.notified(body, message);
    own ??= ownOf(call);
    own.notified(body, message);
  };
}
