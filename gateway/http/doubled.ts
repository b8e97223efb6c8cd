// Headers of which there has to be one. Node takes the first of two and says nothing, and whoever stands in front may take the last: then one request would
// be two. The rule: what decides who asks, from where and for what stands there once.
import type { IncomingMessage } from 'node:http';
import { Fault } from '#contract/error.ts';

const single = [
  'host',
  'origin',
  'authorization',
  'content-type',
  'content-length',
  'mcp-session-id',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
  'if-match',
  'idempotency-key',
] as const;
/** A bit for each, so that nothing is made for a request. */
const bits: ReadonlyMap<string, number> = new Map(single.map((name, index) => [name, 1 << index]));
const lengths: ReadonlySet<number> = new Set(single.map((name) => name.length));

/** Throws INVALID_REQUEST. */
export function refuseDoubled({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): void {
  let seen = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (!lengths.has(name.length)) continue;
    const bit = bits.get(name) ?? bits.get(name.toLowerCase()) ?? 0;
    if ((seen & bit) !== 0) throw new Fault('INVALID_REQUEST', { reason: `it has the header ${name} twice` });
    seen |= bit;
  }
}
