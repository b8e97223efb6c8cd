// One stream of server-sent events to a host: the answer to a POST that says something before it, or what belongs to no call (GET). It has one reader at a
// time; a legacy host may lose it and come back for the rest, where the stream's events are logged. The rule: a reader that does not read costs bounded
// memory: first it misses what may be lost, then its connection is cut.
import type { ServerResponse } from 'node:http';
import type { EventLog } from './event-log.ts';
import { asLine } from './jsonrpc.ts';

/** What waits in a connection: above the first, progress and log messages are left out; above the second it is cut. */
const leaveOutAboveBytes = 256 * 1024;
const cutAboveBytes = 4 * 1024 * 1024;

export const streamHeaders = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  // A proxy that buffers would hold back what is said now.
  'X-Accel-Buffering': 'no',
} as const;

export class HostStream {
  readonly number: number;
  readonly #log: EventLog | undefined;
  #reader: ServerResponse | undefined;
  /** The last event that was handed to a reader. */
  #handedOver = 0;
  #isOver = false;

  /** `log`: undefined for a modern host, which can't come back. */
  constructor(number: number, log: EventLog | undefined) {
    this.number = number;
    this.#log = log;
  }

  get hasReader(): boolean {
    return this.#reader !== undefined;
  }
  /** Its last event was sent. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * The response is the stream's reader from now on; what was sent after `seen` (or never handed over) is sent again. Not where a needed part of that
   * is gone (`lost`), or where all was seen and nothing will come (`over`).
   */
  attach(response: ServerResponse, seen: number | undefined): 'attached' | 'lost' | 'over' {
    const missed = this.#log ? this.#log.after(this.number, seen ?? this.#handedOver) : [];
    if (missed === undefined) return 'lost';
    if (this.#isOver && missed.length === 0) return 'over';
    this.detach();
    this.#reader = response;
    response.on('close', () => {
      if (this.#reader === response) this.#reader = undefined;
    });
    if (!response.headersSent) response.writeHead(200, streamHeaders).flushHeaders();
    for (const { seq, body } of missed) this.#write(seq, body);
    if (this.#isOver) this.detach();
    return 'attached';
  }

  /** Ends the reader's connection; the stream stays. */
  detach(): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.end();
  }

  /** Sends one message. `isNeeded`: a question or an answer. */
  send(body: Buffer, isNeeded: boolean): void {
    if (this.#isOver) return;
    const seq = this.#log?.add(this.number, body, isNeeded);
    const waiting = this.#reader?.writableLength ?? 0;
    if (waiting > cutAboveBytes) this.#cut();
    else if (isNeeded || waiting <= leaveOutAboveBytes) this.#write(seq, body);
  }

  /** Sends the last message. */
  finish(body: Buffer): void {
    this.send(body, true);
    this.#isOver = true;
    this.detach();
  }

  close(): void {
    this.#isOver = true;
    this.detach();
  }

  #write(seq: number | undefined, body: Buffer): void {
    const reader = this.#reader;
    if (!reader || reader.destroyed) return;
    if (seq !== undefined) this.#handedOver = seq;
    reader.cork();
    reader.write(`${seq === undefined ? '' : `id: ${this.number}-${seq}\n`}event: message\ndata: `);
    reader.write(asLine(body));
    reader.write('\n\n');
    reader.uncork();
  }

  #cut(): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.destroy();
  }
}

/** The parts of an event id of ours. */
export function readEventId(text: string): { stream: number; seq: number } | undefined {
  const [, stream, seq] = /^(\d{1,9})-(\d{1,15})$/.exec(text) ?? [];
  return stream === undefined || seq === undefined ? undefined : { stream: Number(stream), seq: Number(seq) };
}
