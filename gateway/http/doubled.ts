// Headers of which there has to be one. Node takes the first of two and says nothing, and whoever stands in front may take the last: then one request would
// be two. The rule: what decides who asks, from where and for what stands there once.
import type { IncomingMessage } from 'node:http';
import { Fault } from '#contract/error.ts';

const single: ReadonlySet<string> = new Set([
  'host',
  'origin',
  'authorization',
  'content-type',
  'content-length',
  'mcp-session-id',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
]);
const lengths: ReadonlySet<number> = new Set([...single].map((name) => name.length));

/** Throws INVALID_REQUEST. */
export function refuseDoubled({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): void {
  let seen: string[] | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const raw = rawHeaders[at] ?? '';
    if (!lengths.has(raw.length)) continue;
    const name = raw.toLowerCase();
    if (!single.has(name)) continue;
    if (seen?.includes(name)) throw new Fault('INVALID_REQUEST', { reason: `it has the header ${name} twice` });
    (seen ??= []).push(name);
  }
}
