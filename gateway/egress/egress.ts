// Every request that the gateway itself sends to an address out of a policy, or out of somebody's document: https, guarded addresses, bounded in size
// and time. At most three redirects are followed, each judged like the first. The rule: a credential and a body never reach another origin.
import { lookup as resolveName } from 'node:dns/promises';
import type { TLSSocket } from 'node:tls';
import { Agent, type Dispatcher } from 'undici';
import { Fault } from '#contract/error.ts';
import { reveal, type Secret } from '#contract/secret.ts';
import { guardedConnector, type Lookup, type Out, type Refused } from './connect.ts';
import { asFault } from './failure.ts';
import { createProxy, type Proxy } from './proxy.ts';
import type { RequestSigner } from './signature.ts';
import { openStream, type StreamRequest } from './stream.ts';
import { onlyDirect, type Ways } from './way.ts';

export interface Credential {
  readonly header: string;
  readonly value: Secret<string>;
}
export interface EgressRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Without secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** A secret value of one header; it goes to the origin of `url` alone. */
  readonly credential?: Credential | undefined;
  /** More of them. */
  readonly credentials?: readonly Credential[];
  readonly body?: Buffer;
  /** Who is asked, for the words of a fault. */
  readonly server: string;
  /** Hosts, addresses and networks that may be private. */
  readonly allowPrivate: readonly string[];
  /** Signed, so that the far end can tell this gateway from others; for the origin of `url` alone, as the credential. */
  readonly isSigned?: boolean;
  /** The name of the way that it goes; absent: the usual one. */
  readonly way?: string | undefined;
  /** The largest answer, in bytes. */
  readonly limitBytes: number;
  /** How long nothing may come. */
  readonly idleWithinMs: number;
  /** A stream that stays open: it has a connection of its own kind, so that it takes none from what is short. */
  readonly isLong?: boolean;
  /** Fewer redirects than usual. */
  readonly redirectsAtMost?: number;
}

export interface ResponseHead {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
}
/** Told of one exchange, in order: sent, head, data …, and at last either end or fault. Nothing after `abort`. */
export interface Receiver {
  /** The request is on its way over a connection that stands: from now on the far end may have it. */
  onSent(): void;
  onHead(head: ResponseHead): void;
  onData(chunk: Buffer): void;
  onEnd(): void;
  /** EGRESS_FORBIDDEN, UPSTREAM_UNREACHABLE, UPSTREAM_LOST, SERVER_TIMEOUT, ANSWER_TOO_LARGE. */
  onFault(fault: Fault): void;
}
export interface Exchange {
  /** Ends it at both ends. Idempotent. */
  abort(): void;
}
export interface Egress {
  send(request: EgressRequest, receiver: Receiver): Exchange;
  /** A TLS connection for another protocol than HTTP. Rejects with EGRESS_FORBIDDEN, UPSTREAM_UNREACHABLE. Whoever gets it closes it. */
  open(request: StreamRequest): Promise<TLSSocket>;
  close(): Promise<void>;
}

const redirectLimit = 3;
const connectWithinMs = 10_000;
/** Connections to one origin at once; what comes later waits for one of them. */
const connectionLimit = 1024;
const longLimit = 10_000;
const agentLimit = 256;
const toldPerMinute = 60;
const systemLookup: Lookup = (host) => resolveName(host, { all: true });

export interface EgressDeps {
  readonly lookup?: Lookup;
  readonly ways?: Ways;
  /** Absent: a request that has to be signed fails. */
  readonly signer?: RequestSigner;
  /** Told of addresses that were refused, at most 60 a minute: anybody may name some (sign-in by a document). */
  readonly onRefused: (of: Refused) => void;
}

export function createEgress({ lookup = systemLookup, ways = onlyDirect, signer, onRefused }: EgressDeps): Egress {
  const agents = new Map<string, Agent>();
  const proxies = new Map<string, Proxy>();
  const told = { minute: 0, count: 0 };

  function tell(of: Refused): void {
    const minute = Math.floor(performance.now() / 60_000);
    if (told.minute !== minute) Object.assign(told, { minute, count: 0 });
    if (told.count++ < toldPerMinute) onRefused(of);
  }

  function outOf(name: string, server: string): Out {
    const way = ways.byName.get(name);
    if (!way) {
      const reason = `the way out "${name}" that its policy names is none of this gateway server's (--egress)`;
      throw new Fault('EGRESS_FORBIDDEN', { server, reason });
    }
    if (way.kind !== 'proxy') return way;
    const proxy = proxies.get(name) ?? createProxy(way, connectWithinMs);
    proxies.set(name, proxy);
    return { kind: 'proxy', proxy };
  }

  /** One for each way and list of what may be private: a connection that one server may have must not serve another. */
  function agentFor({ allowPrivate, isLong = false, way = ways.usual, server }: EgressRequest): Agent {
    const key = JSON.stringify([isLong, allowPrivate, way]);
    const known = agents.get(key);
    if (known) return known;
    for (const [oldest, agent] of agents) {
      if (agents.size < agentLimit) break;
      agents.delete(oldest);
      void agent.close();
    }
    const made = new Agent({
      connect: guardedConnector({ lookup, allowPrivate, out: outOf(way, server), connectWithinMs, onRefused: tell }),
      connections: isLong ? longLimit : connectionLimit,
      maxHeaderSize: 16_384,
      pipelining: 1,
    });
    agents.set(key, made);
    return made;
  }

  function send(request: EgressRequest, receiver: Receiver): Exchange {
    const { server, method, body, credential, credentials = [], idleWithinMs, limitBytes } = request;
    let isOver = false;
    let current: Dispatcher.DispatchController | undefined;

    function fail(fault: Fault): void {
      if (isOver) return;
      isOver = true;
      current?.abort(fault);
      receiver.onFault(fault);
    }

    function go(url: URL, redirects: number): void {
      const forbidden = unusable(url);
      if (forbidden) return fail(new Fault('EGRESS_FORBIDDEN', { server, reason: forbidden }));
      let isSent = false;
      let isRedirected = false;
      let received = 0;
      const isHome = url.origin === request.url.origin;
      const all = [...(credential ? [credential] : []), ...credentials];
      const secret = isHome ? Object.fromEntries(all.map(({ header, value }) => [header, reveal(value)])) : {};
      const handler: Dispatcher.DispatchHandler = {
        onRequestStart(controller) {
          current = controller;
          if (isOver) return controller.abort(new Fault('CANCELLED'));
          isSent = true;
          receiver.onSent();
        },
        onResponseStart(controller, status, headers) {
          if (status < 200 || isOver) return;
          const header = (name: string) => single(headers[name]);
          const location = status >= 300 && status < 400 ? header('location') : undefined;
          if (location === undefined) return receiver.onHead({ status, header });
          isRedirected = true;
          controller.abort(new Fault('CANCELLED')); // its body is nobody's
          const atMost = request.redirectsAtMost ?? redirectLimit;
          const next = redirected({ from: url, to: location, status, method, redirects, atMost });
          if (next instanceof URL) go(next, redirects + 1);
          else fail(new Fault('EGRESS_FORBIDDEN', { server, reason: next }));
        },
        onResponseData(_, chunk) {
          if (isOver || isRedirected) return;
          received += chunk.length;
          if (received <= limitBytes) receiver.onData(chunk);
          else fail(new Fault('ANSWER_TOO_LARGE', { server, reason: `it has more than ${limitBytes} bytes.` }));
        },
        onResponseEnd() {
          if (isOver || isRedirected) return;
          isOver = true;
          receiver.onEnd();
        },
        onResponseError(_, error) {
          if (!isRedirected) fail(asFault(error, { server, isSent, idleWithinMs }));
        },
      };
      const dispatch = (signature: Readonly<Record<string, string>>): void => {
        if (isOver) return;
        try {
          agentFor(request).dispatch(
            {
              origin: url.origin,
              path: `${url.pathname}${url.search}`,
              method,
              headers: { 'accept-encoding': 'identity', ...request.headers, ...secret, ...signature },
              body: body ?? null,
              headersTimeout: idleWithinMs,
              bodyTimeout: idleWithinMs,
            },
            handler,
          );
        } catch (error) {
          fail(asFault(error, { server, isSent, idleWithinMs }));
        }
      };
      if (!request.isSigned || !isHome) return dispatch({});
      const [shown] = Object.entries(secret);
      const signing = signer?.({ method, url, body, credential: shown }) ?? Promise.reject(new Error('there is no signer'));
      signing.then(dispatch, (cause: unknown) => {
        const reason = 'its requests have to be signed, and there is no key for it';
        fail(new Fault('EGRESS_FORBIDDEN', { server, reason }, { cause }));
      });
    }

    go(request.url, 0);
    return {
      abort() {
        if (isOver) return;
        isOver = true;
        current?.abort(new Fault('CANCELLED'));
      },
    };
  }

  return {
    send,
    async open(request) {
      const { server, allowPrivate, way = ways.usual } = request;
      const deps = { lookup, allowPrivate, out: outOf(way, server), connectWithinMs, onRefused: tell };
      try {
        return await openStream(deps, request);
      } catch (error) {
        throw asFault(error, { server, isSent: false, idleWithinMs: connectWithinMs });
      }
    },
    async close() {
      const all = [...agents.values()];
      agents.clear();
      await Promise.all(all.map((agent) => agent.destroy()));
      await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
    },
  };
}

function unusable(url: URL): string | undefined {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'it is not an https address';
  return url.username || url.password ? 'its address holds a password' : undefined;
}

interface Redirect {
  readonly from: URL;
  readonly to: string;
  readonly status: number;
  readonly method: EgressRequest['method'];
  readonly redirects: number;
  readonly atMost: number;
}

/** Where a redirect leads, or why it is not followed. */
function redirected({ from, to, status, method, redirects, atMost }: Redirect): URL | string {
  if (redirects >= atMost) return atMost === 0 ? 'it redirects' : `it redirects more than ${atMost} times`;
  const next = URL.parse(to, from.href);
  if (!next) return 'it redirects to something that is no address';
  if (next.protocol !== from.protocol) return 'it redirects to another scheme';
  if (method === 'GET') return next;
  if (next.origin !== from.origin) return 'it redirects what it was sent to another origin';
  return status === 307 || status === 308 ? next : `it answers ${method} with a redirect that would change the request`;
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
