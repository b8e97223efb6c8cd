// One HTTP exchange with a remote server as messages: a JSON answer is one, an event stream is many. The rule: what is read is bounded, whatever the
// far end says of its length, and an answer that is compressed or of another kind is none.
import { Fault } from '#contract/error.ts';
import type { Slug } from '#contract/id.ts';
import type { Secret } from '#contract/secret.ts';
import type { Remote } from '../call.ts';
import type { Egress, Exchange, ResponseHead } from '../egress/egress.ts';
import { EventStream } from './event-stream.ts';

/** A stream may hold many messages for one call: so many times the limit of one. */
const streamFactor = 16;

/** The far end, and as whom it is asked. */
export interface Peer {
  readonly egress: Egress;
  readonly server: Slug;
  readonly remote: Remote;
  readonly credential: { readonly header: string; readonly value: Secret<string> } | undefined;
  /** The largest message. */
  readonly limitBytes: number;
}
export interface Outgoing {
  /** Absent: the server's own. Of the same origin, whose alone the credential is. */
  readonly url?: URL;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly idleWithinMs: number;
  /** It stays open for as long as both ends like. */
  readonly isLong?: boolean;
  /** However much comes in all: each event is bounded still. */
  readonly isEndless?: boolean;
}
export interface Told {
  onSent?(): void;
  onHead(head: ResponseHead): void;
  onMessage(body: Buffer): void;
  /** An event of a stream that is no message. */
  onOther?(type: string, data: Buffer): void;
  /** All of it was read. `stream` where it was one: where to go on. */
  onEnd(stream: { readonly lastId: string | undefined; readonly retryMs: number | undefined } | undefined): void;
  onFault(fault: Fault, stream?: { readonly lastId: string | undefined; readonly retryMs: number | undefined }): void;
}

/** Nothing is told after `abort`. */
export function exchange({ egress, server, remote, credential, limitBytes }: Peer, outgoing: Outgoing, told: Told): Exchange {
  let stream: EventStream | undefined;
  let whole: Buffer[] | undefined;
  let size = 0;
  let isOver = false;

  function fail(fault: Fault): void {
    if (isOver) return;
    isOver = true;
    running.abort();
    told.onFault(fault, stream);
  }
  const tooLarge = () => fail(new Fault('ANSWER_TOO_LARGE', { server, reason: `it has more than ${limitBytes} bytes.` }));

  const { isEndless = false, url = new URL(remote.url), ...request } = outgoing;
  const running = egress.send(
    {
      ...request,
      url,
      credential,
      server,
      allowPrivate: remote.allowPrivate,
      way: remote.egress,
      isSigned: remote.isSigned,
      limitBytes: isEndless ? Number.POSITIVE_INFINITY : limitBytes * streamFactor,
    },
    {
      onSent: () => told.onSent?.(),
      onHead(head) {
        told.onHead(head);
        const encoding = head.header('content-encoding') ?? 'identity';
        if (encoding !== 'identity') return fail(garbage(server, 'its answer is compressed'));
        const type = (head.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
        if (type === 'application/json') whole = [];
        else if (type === 'text/event-stream' && head.status === 200)
          // An event without data only says an id to go on from (2025-11-25, basic/transports).
          stream = new EventStream(limitBytes, {
            onData: (data) => void (isOver || data.length === 0 || told.onMessage(data)),
            onOther: (type, data) => void (isOver || told.onOther?.(type, data)),
            onTooLarge: tooLarge,
          });
      },
      onData(chunk) {
        if (isOver) return;
        if (stream) return stream.feed(chunk);
        size += chunk.length;
        if (size > limitBytes) tooLarge();
        else whole?.push(chunk);
      },
      onEnd() {
        if (isOver) return;
        if (whole) told.onMessage(Buffer.concat(whole));
        if (!isOver) told.onEnd(stream);
        isOver = true;
      },
      onFault: (fault) => void (isOver || ((isOver = true), told.onFault(fault, stream))),
    },
  );
  return {
    abort() {
      isOver = true;
      running.abort();
    },
  };
}

export function garbage(server: Slug, reason: string): Fault {
  return new Fault('SERVER_GARBAGE', { server, reason });
}
