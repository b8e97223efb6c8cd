// Server-sent events out of bytes (WHATWG HTML, "Server-sent events"), as they come in pieces. The rule: no event and no line is kept beyond the limit;
// one that is longer is told of, and ends the reading.

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const colon = 0x3a;
const space = 0x20;
const newLine = Buffer.from('\n');

export interface EventStreamEvents {
  /** The data of an event of the type `message`. */
  onData(data: Buffer): void;
  /** One of another type. */
  onOther?(type: string, data: Buffer): void;
  /** An event came that is longer than the limit. It is the last thing told. */
  onTooLarge(): void;
}

export class EventStream {
  /** The last event's id that the server gave, for Last-Event-ID. */
  lastId: string | undefined;
  /** How long the server wants to be left alone before it is asked again, in ms. */
  retryMs: number | undefined;
  readonly #limitBytes: number;
  readonly #events: EventStreamEvents;
  #line: Buffer[] = [];
  #data: Buffer[] = [];
  #size = 0;
  #type = '';
  #skipLineFeed = false;
  #isFirst = true;
  #isTooLarge = false;

  constructor(limitBytes: number, events: EventStreamEvents) {
    this.#limitBytes = limitBytes;
    this.#events = events;
  }

  feed(chunk: Buffer): void {
    if (this.#isTooLarge) return;
    let at = 0;
    if (this.#skipLineFeed && chunk.length > 0) {
      this.#skipLineFeed = false;
      if (chunk[0] === lineFeed) at = 1;
    }
    let nextReturn = chunk.indexOf(carriageReturn, at);
    while (at < chunk.length && !this.#isTooLarge) {
      if (nextReturn !== -1 && nextReturn < at) nextReturn = chunk.indexOf(carriageReturn, at);
      const feed = chunk.indexOf(lineFeed, at);
      const isReturn = nextReturn !== -1 && (feed === -1 || nextReturn < feed);
      const end = isReturn ? nextReturn : feed;
      if (end === -1) return this.#keep(chunk.subarray(at));
      this.#keep(chunk.subarray(at, end));
      if (!this.#isTooLarge) this.#endLine();
      at = end + 1;
      if (!isReturn) continue;
      if (at === chunk.length) this.#skipLineFeed = true;
      else if (chunk[at] === lineFeed) at++;
    }
  }

  #keep(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#size += piece.length;
    if (this.#size <= this.#limitBytes) {
      this.#line.push(piece);
      return;
    }
    this.#isTooLarge = true;
    this.#line = [];
    this.#data = [];
    this.#events.onTooLarge();
  }

  #endLine(): void {
    const [only, ...more] = this.#line;
    let line = only === undefined ? Buffer.alloc(0) : more.length === 0 ? only : Buffer.concat(this.#line);
    this.#line = [];
    if (this.#isFirst) {
      this.#isFirst = false;
      if (line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf) line = line.subarray(3);
    }
    if (line.length === 0) this.#dispatch();
    else this.#field(line);
  }

  #field(line: Buffer): void {
    const seam = line.indexOf(colon);
    if (seam === 0) {
      this.#size -= line.length; // a comment is no part of an event
      return;
    }
    const name = line.toString('latin1', 0, seam === -1 ? line.length : seam);
    const value = seam === -1 ? Buffer.alloc(0) : line.subarray(line[seam + 1] === space ? seam + 2 : seam + 1);
    if (name === 'data') this.#data.push(value);
    else if (name === 'event') this.#type = value.toString('utf8');
    else if (name === 'id' && value.length <= 1024 && !value.includes(0)) this.lastId = value.toString('utf8');
    else if (name === 'retry' && /^\d{1,9}$/.test(value.toString('latin1'))) this.retryMs = Number(value.toString('latin1'));
  }

  #dispatch(): void {
    const data = this.#data;
    const type = this.#type;
    this.#data = [];
    this.#size = 0;
    this.#type = '';
    const [only, ...more] = data;
    if (only === undefined) return;
    const whole = more.length === 0 ? only : Buffer.concat(data.flatMap((line, at) => (at === 0 ? [line] : [newLine, line])));
    if (type === '' || type === 'message') this.#events.onData(whole);
    else this.#events.onOther?.(type, whole);
  }
}
