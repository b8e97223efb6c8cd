// The head of a request, as its connection says it again and again: but for its length and what it is about, each request of a host has the head of the one before.
// The rule: what was found out of a head counts for another one only where all that it was found in is the same, byte for byte.
import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** What each request says anew. No check below reads the values of these. */
const saidAnew: ReadonlySet<string> = new Set(['content-length', 'mcp-method', 'mcp-name']);
const secrets: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization']);
/** Of names and values together: a connection that says nothing is not to cost much. */
const keptCharacters = 4096;

/** Reads names, and values of what is not said anew, and throws where it finds something against them. */
export type HeadCheck = (request: IncomingMessage) => void;

export class Head {
  /** Of its Authorization, where somebody hashed it. */
  digest: string | undefined;
  readonly #raw: readonly string[];
  readonly #headers: IncomingHttpHeaders;
  /** Where something else than a plain comparison is to be done, by the place of the name. */
  readonly #anew: readonly (string | undefined)[];
  readonly #secret: readonly (Buffer | undefined)[];
  readonly #passed = new Set<HeadCheck>();

  constructor(raw: readonly string[], headers: IncomingHttpHeaders) {
    const names = raw.map((text, at) => (at % 2 === 0 ? text.toLowerCase() : ''));
    this.#raw = raw;
    // Many requests have the same: what one of them wrote into it would be said by all.
    this.#headers = Object.freeze(headers);
    // Of one that stands there twice Node makes another value.
    this.#anew = names.map((name, at) => (saidAnew.has(name) && headers[name] === raw[at + 1] ? name : undefined));
    this.#secret = names.map((name, at) => (secrets.has(name) ? Buffer.from(raw[at + 1] ?? '', 'latin1') : undefined));
  }

  /** The headers of a request with this raw head; undefined where it is another one. */
  headersOf(raw: readonly string[]): IncomingHttpHeaders | undefined {
    if (raw.length !== this.#raw.length) return undefined;
    let changed: IncomingHttpHeaders | undefined;
    for (let at = 0; at < raw.length; at += 2) {
      if (raw[at] !== this.#raw[at]) return undefined;
      const value = raw[at + 1] ?? '';
      const secret = this.#secret[at];
      if (secret !== undefined) {
        if (!isSecret(value, secret)) return undefined;
      } else if (value !== this.#raw[at + 1]) {
        const name = this.#anew[at];
        if (name === undefined) return undefined;
        (changed ??= { ...this.#headers })[name] = value;
      }
    }
    return changed ?? this.#headers;
  }

  /** Checks a request with this head, unless one with it has passed before. */
  check(request: IncomingMessage, check: HeadCheck): void {
    if (this.#passed.has(check)) return;
    check(request);
    this.#passed.add(check);
  }
}

/** What is worth being remembered of a connection. */
export function isShort(raw: readonly string[]): boolean {
  let characters = 0;
  for (const text of raw) characters += text.length;
  return characters <= keptCharacters;
}

/** The head of a request; of one that no server of ours took, by itself. */
export function headOf(request: IncomingMessage): Head {
  return 'head' in request && request.head instanceof Head ? request.head : new Head(request.rawHeaders, request.headers);
}

/** How long it takes says nothing of who came before on the connection of a proxy. */
function isSecret(value: string, secret: Buffer): boolean {
  return value.length === secret.length && timingSafeEqual(Buffer.from(value, 'latin1'), secret);
}
