// Fetch as libraries of protocols ask for it, through the guard for addresses. Rule: nothing is sent on to where an answer says, and what proves who asks goes to
// the origin that was asked alone.
import { Secret } from '#contract/secret.ts';
import type { Egress, EgressRequest } from './egress.ts';
import { readWhole } from './read.ts';

interface FetchOptions {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Text or nothing. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}
const limitBytes = 256 * 1024;

/** Rejects with the Faults of egress/read.ts. */
export function guardedFetch(
  egress: Pick<Egress, 'send'>,
  to: Pick<EgressRequest, 'server' | 'allowPrivate' | 'way' | 'isSigned'>,
  withinMs: number,
): (url: string, options: FetchOptions) => Promise<Response> {
  return async (url, options) => {
    const { authorization, ...headers } = lowerCase(options.headers);
    const { body: given } = options;
    const isText = typeof given === 'string' || given instanceof URLSearchParams;
    if (given !== undefined && given !== null && !isText) throw new Error('a body that is no text');
    const request = {
      ...to,
      url: new URL(url),
      method: options.method === 'POST' ? 'POST' : 'GET',
      headers,
      credential: authorization === undefined ? undefined : { header: 'authorization', value: new Secret(authorization) },
      ...(isText ? { body: Buffer.from(given.toString()) } : {}),
      limitBytes,
      redirectsAtMost: 0,
    } as const;
    const { status, header, body } = await readWhole(egress, request, withinMs, options.signal);
    const answered = new Headers();
    for (const name of ['content-type', 'www-authenticate', 'cache-control']) {
      const value = header(name);
      if (value !== undefined) answered.set(name, value);
    }
    return new Response(status === 204 ? null : new Uint8Array(body), { status, headers: answered });
  };
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
