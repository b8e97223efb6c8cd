// One request to a remote server, from its POST to its answer: by JSON or by an event stream, which may be picked up again where it broke off.
// The rule: what is sent is sent once. Going on with a stream asks for the answer, never for the work.
import { Fault } from '#contract/error.ts';
import type { Exchange, ResponseHead } from '../egress/egress.ts';
import { isBatch, readBatch } from '../mcp/batch.ts';
import { isObject, type Message, readMessage } from '../mcp/jsonrpc.ts';
import { exchange, garbage, type Peer } from './exchange.ts';
import type { AllowedCall } from '../call.ts';
import type { Beside } from './remote-beside.ts';
import { noObject, reasonOf, timedOut } from './session.ts';
import type { UnderWayCall } from './unasked.ts';
import type { Reply } from './upstream.ts';

/** However much progress a call reports, it is over after this and one more of its timeouts. */
const progressWithinMs = 3_600_000;
/** A stream is asked for again so often, as long as nothing new comes. */
const resumeAtMost = 5;
const resumeAfterMs = 500;
/** So long a host may take over a question of the server. */
const thoughtWithinMs = 600_000;
const resumeAfterAtMostMs = 10_000;
const endWithinMs = 1000;

export interface Asked {
  readonly peer: Peer;
  readonly id: number;
  /** Absent for a list and a handshake. */
  readonly call: AllowedCall | undefined;
  /** How the host asked for progress. */
  readonly progressToken: string | number | undefined;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** What is left of it, where a part was spent before. */
  readonly leftMs: number;
  /** Whether a broken stream may be asked for again (Last-Event-ID; not in the modern era). */
  readonly isResumable: boolean;
  /** Whether it may put several messages into one (2025-03-26). */
  readonly mayBatch: boolean;
  /** It waits from now on. */
  onBegun(call: UnderWayCall): void;
  onSent(): void;
  onHead(head: ResponseHead): void;
  /** What a status without an answer means, if it is one that means something. */
  faultOf(status: number): Fault | undefined;
  /** What the server says on this stream beside the answer. */
  readonly onBeside: Beside;
  /** A message that nobody waits for. */
  onDropped(): void;
  /** It was given up: tell the far end, where this era has words for it. */
  onGivenUp(): void;
}

/** Rejects with a Fault. */
export function ask(asked: Asked, signal: AbortSignal): Promise<Reply> {
  const { peer, id, timeoutMs } = asked;
  const { server } = peer;
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    let running: Exchange | undefined;
    let pause: NodeJS.Timeout | undefined;
    let status = 0;
    let tries = 0;
    let lastFault: Fault | undefined;

    let isOver = false;

    function settle(): void {
      isOver = true;
      clearTimeout(timer);
      clearTimeout(pause);
      over?.abort();
      signal.removeEventListener('abort', onAbort);
    }
    function fail(fault: Fault): void {
      settle();
      running?.abort();
      reject(fault);
    }
    function giveUp(fault: Fault): void {
      asked.onGivenUp();
      fail(fault);
    }
    const onAbort = () => giveUp(new Fault('CANCELLED'));
    const onTimeout = () => giveUp(timedOut(server, timeoutMs, 0, lastFault));
    let timer = setTimeout(onTimeout, asked.leftMs);

    let over: AbortController | undefined;
    let pauses = 0;
    const begin = () => {
      clearTimeout(timer);
      if (!isOver && pauses === 0) timer = setTimeout(onTimeout, timeoutMs);
    };
    const waiting: UnderWayCall = {
      call: asked.call,
      progressToken: asked.progressToken,
      questions: 0,
      get over() {
        over ??= new AbortController();
        if (isOver) over.abort();
        return over.signal;
      },
      moved: () => void (performance.now() - startedAt > progressWithinMs || begin()),
      pause() {
        pauses++;
        clearTimeout(timer);
      },
      resume() {
        pauses--;
        begin();
      },
    };

    function receive(body: Buffer): void {
      tries = 0;
      let members: readonly Buffer[] = [body];
      try {
        if (asked.mayBatch && isBatch(body)) members = besideFirst(readBatch(body));
      } catch (cause) {
        return isOver ? undefined : unusable(reasonOf(cause));
      }
      for (const member of members) receiveOne(member);
    }

    function receiveOne(body: Buffer): void {
      if (isOver) return;
      let message: Message;
      try {
        message = readMessage(body);
      } catch (cause) {
        return unusable(reasonOf(cause));
      }
      if (message.kind === 'response') {
        if (message.id !== id || asked.faultOf(status)) return asked.onDropped();
        if (!isObject(message.value)) return unusable(noObject(message));
        settle();
        // The stream has a moment to end by itself, so that its connection serves the next request.
        pause = setTimeout(() => running?.abort(), endWithinMs).unref();
        return resolve({ body, message });
      }
      asked.onBeside(message, body, waiting);
    }

    function unusable(reason: string): void {
      asked.onDropped();
      if (status < 400) fail(garbage(server, reason));
    }

    type Broken = { readonly lastId: string | undefined; readonly retryMs: number | undefined } | undefined;
    /** The answer is not whole. */
    function broken(stream: Broken, fault: Fault): void {
      const isUseful = fault.code === 'UPSTREAM_LOST' || fault.code === 'UPSTREAM_UNREACHABLE';
      const lastId = stream?.lastId ?? resumeFrom;
      if (!asked.isResumable || lastId === undefined || !isUseful || ++tries > resumeAtMost) return fail(fault);
      resumeFrom = lastId;
      lastFault = fault;
      pause = setTimeout(go, Math.min(stream?.retryMs ?? resumeAfterMs, resumeAfterAtMostMs));
    }
    let resumeFrom: string | undefined;

    function go(): void {
      // Our own timer comes first; this one ends what it would not. In a call it has to let a person think, while ours stands still.
      const idleWithinMs = (asked.call ? Math.max(timeoutMs, thoughtWithinMs) : timeoutMs) + 5000;
      const { 'content-type': _, ...headers } = asked.headers;
      const outgoing =
        resumeFrom === undefined
          ? { method: 'POST' as const, headers: asked.headers, body: asked.body, idleWithinMs }
          : {
              method: 'GET' as const,
              headers: { ...headers, accept: 'text/event-stream', 'last-event-id': resumeFrom },
              idleWithinMs,
            };
      const isFirst = resumeFrom === undefined;
      running = exchange(peer, outgoing, {
        onSent: () => isFirst && asked.onSent(),
        onHead(head) {
          status = head.status;
          if (isFirst) asked.onHead(head);
        },
        onMessage: receive,
        onEnd(stream) {
          clearTimeout(pause);
          if (isOver) return;
          if (!isFirst && !stream) return fail(lastFault ?? new Fault('UPSTREAM_LOST', { server }));
          const known = asked.faultOf(status);
          if (known) return fail(known);
          if (status >= 400 || (status !== 200 && !stream)) return fail(new Fault('UPSTREAM_FAILED', { server, status }));
          if (stream) return broken(stream, new Fault('UPSTREAM_LOST', { server }));
          fail(garbage(server, 'it answered a request with something else'));
        },
        onFault: (fault, stream) => void (isOver || broken(stream, fault)),
      });
    }

    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    asked.onBegun(waiting);
    go();
  });
}

/** An answer ends its request, so what stands behind it in its batch is heard before it. What can't be read costs no answer that stands before it. */
function besideFirst(members: readonly Buffer[]): readonly Buffer[] {
  const parts = Map.groupBy(members, isBeside);
  return [...(parts.get(true) ?? []), ...(parts.get(false) ?? [])];
}

function isBeside(body: Buffer): boolean {
  try {
    return readMessage(body).kind !== 'response';
  } catch {
    return false;
  }
}
