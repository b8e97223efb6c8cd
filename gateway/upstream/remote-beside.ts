// What a remote server says on the stream of one request beside its answer. The rule: it belongs to the call that the stream is of and to no other, so
// nobody has to guess; only news of lists is for the whole conversation. Nothing is made for a request whose stream says nothing.
import type { Slug } from '#contract/id.ts';
import type { AllowedCall } from '../call.ts';
import type { NotificationMessage, RequestMessage } from '../mcp/jsonrpc.ts';
import { Unasked } from './unasked.ts';

/** The request as it waits. */
export interface Waiting {
  /** Aborted when it is over. */
  readonly over: AbortSignal;
  /** Its time begins anew. */
  moved(): void;
  /** Its time stands still until it is resumed as often. */
  pause(): void;
  resume(): void;
}
export interface BesideDeps {
  readonly server: Slug;
  /** Of the request; its progress token too. */
  readonly id: number;
  /** Absent for a list and a handshake. */
  readonly call: AllowedCall | undefined;
  readonly progressToken: string | number | undefined;
  /** A server of the modern era may ask nothing on a stream (2026-07-28, basic/transports/streamable-http). */
  readonly mayAsk: boolean;
  /** What is for the conversation. */
  readonly news: Unasked;
  readonly send: (message: Buffer) => void;
  readonly onDropped: () => void;
}

/** So often a server may ask on one stream, ping included. */
const asksAtMost = 100;
const ofCall: ReadonlySet<string> = new Set(['notifications/progress', 'notifications/message', 'notifications/cancelled']);

export type Beside = (message: RequestMessage | NotificationMessage, body: Buffer, waiting: Waiting) => void;

export function besideOf(deps: BesideDeps): Beside {
  let asks = 0;
  let own: Unasked | undefined;

  function unaskedFor(waiting: Waiting): Unasked {
    const { server, id, call, progressToken, send, onDropped } = deps;
    const one = {
      call,
      progressToken,
      questions: 0,
      get over() {
        return waiting.over;
      },
      moved: () => waiting.moved(),
      pause: () => waiting.pause(),
      resume: () => waiting.resume(),
    };
    const calls = { get: (of: number) => (of === id ? one : undefined), values: () => [one] };
    return new Unasked({ server, workstation: null, isShared: false, calls, send, onDropped });
  }

  return (message, body, waiting) => {
    if (message.kind === 'request') {
      if (!deps.mayAsk || asks++ >= asksAtMost) return deps.onDropped();
      own ??= unaskedFor(waiting);
      return own.asked(body, message);
    }
    if (!ofCall.has(message.method)) return deps.news.notified(body, message);
    own ??= unaskedFor(waiting);
    own.notified(body, message);
  };
}
