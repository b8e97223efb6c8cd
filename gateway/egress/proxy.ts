// A connection through a proxy (RFC 9110 section 9.3.6, CONNECT). The rule: it carries nothing of a request before the far end stands behind it, so whatever
// fails here was not sent; the proxy's own words go to nobody.
import { Socket } from 'node:net';
import { Pool } from 'undici';
import { Fault } from '#contract/error.ts';
import { reveal } from '#contract/secret.ts';
import type { Way } from './way.ts';

export type ProxyWay = Extract<Way, { kind: 'proxy' }>;
export interface Proxy {
  readonly way: ProxyWay;
  /** A connection to the first of these (`host:port`) that the proxy reaches. Rejects with UPSTREAM_UNREACHABLE. */
  connect(targets: readonly string[]): Promise<Socket>;
  close(): Promise<void>;
}

/** So many addresses of a name are tried. */
const triesAtMost = 3;

export function createProxy(way: ProxyWay, connectWithinMs: number): Proxy {
  const pool = new Pool(way.url.origin, { connect: { timeout: connectWithinMs, allowH2: false }, connections: null });

  async function connectTo(target: string, signal: AbortSignal): Promise<Socket> {
    const { authorization } = way;
    const headers = { host: target, ...(authorization && { 'proxy-authorization': reveal(authorization) }) };
    const { statusCode, socket } = await pool.connect({ path: target, headers, signal });
    if (statusCode === 200 && socket instanceof Socket) return socket;
    socket.on('error', () => undefined).destroy();
    throw unreachable(
      statusCode === 407
        ? 'the proxy on the way there refused the credentials'
        : `the proxy on the way there answered ${statusCode}`,
    );
  }

  return {
    way,
    async connect(targets) {
      const signal = AbortSignal.timeout(connectWithinMs);
      let last: unknown;
      for (const target of targets.slice(0, triesAtMost)) {
        try {
          return await connectTo(target, signal);
        } catch (error) {
          last = error;
          if (signal.aborted) break;
        }
      }
      if (last instanceof Fault) throw last;
      throw unreachable(`the proxy on the way there ${signal.aborted ? 'did not answer in time' : 'can not be reached'}`, last);
    },
    close: () => pool.destroy(),
  };
}

function unreachable(reason: string, cause?: unknown): Fault {
  return new Fault('UPSTREAM_UNREACHABLE', { server: '', reason }, { cause });
}
