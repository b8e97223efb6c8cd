// The only way out: a connection that is made to an address which was judged, and to no other. The name is resolved once, each of its addresses is judged,
// and the connection takes one of exactly those, so a name that changes between the look and the connection changes nothing. A proxy is told the address that
// was judged; only where its way says that it resolves by itself is it told a name.
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { buildConnector } from 'undici';
import { Fault } from '#contract/error.ts';
import { isLoopback } from '#contract/gateway-origin.ts';
import { objection } from './address.ts';
import type { Proxy } from './proxy.ts';

/** All addresses of a name, as the system's resolver gives them. Rejects where there are none. */
export type Lookup = (host: string) => Promise<Addresses>;
type Addresses = readonly { readonly address: string; readonly family: number }[];

/** How a connection leaves this machine. */
export type Out =
  | { readonly kind: 'direct' }
  | { readonly kind: 'source'; readonly address: string }
  | { readonly kind: 'proxy'; readonly proxy: Proxy };

export interface ConnectDeps {
  readonly lookup: Lookup;
  readonly allowPrivate: readonly string[];
  readonly out: Out;
  readonly connectWithinMs: number;
  readonly onRefused: (of: Refused) => void;
}
/** For the log: a person who calls is told neither address nor host. */
export interface Refused {
  readonly host: string;
  readonly address: string;
  readonly reason: string;
}

interface Guard {
  /** Why an address may not be connected to, told. */
  refuse(host: string, address: string, isEncrypted: boolean): Fault | undefined;
  /** For whoever connects by itself: the addresses of a name. Fails where one of them is refused: one bad address condemns the name, because an honest one has none. */
  lookup(isEncrypted: boolean): LookupFunction;
  /** A connection that a proxy made. */
  throughProxy(
    proxy: Proxy,
    to: { readonly host: string; readonly port: string; readonly isEncrypted: boolean },
  ): Promise<Socket>;
}

export function createGuard({ lookup, allowPrivate, out, onRefused }: ConnectDeps): Guard {
  const refuse: Guard['refuse'] = (host, address, isEncrypted) => {
    const reason = objection(address, { host, isEncrypted, allowPrivate });
    if (reason === undefined) return undefined;
    onRefused({ host, address, reason });
    return new Fault('EGRESS_FORBIDDEN', { server: host, reason });
  };
  async function judged(host: string, isEncrypted: boolean): Promise<Addresses> {
    const addresses = await lookup(host);
    const refused = addresses.map(({ address }) => refuse(host, address, isEncrypted)).find((fault) => fault !== undefined);
    if (refused) throw refused;
    const usable = out.kind === 'source' ? addresses.filter(({ family }) => family === isIP(out.address)) : addresses;
    if (usable.length === 0) throw new Error(`${host} has no address that this way reaches`);
    return usable;
  }
  const throughProxy: Guard['throughProxy'] = async ({ way, connect }, { host, port, isEncrypted }) => {
    // This machine is the proxy's only where both are one.
    if (!isEncrypted && !isLoopback(way.url.hostname))
      throw new Fault('EGRESS_FORBIDDEN', { server: host, reason: 'it is not encrypted (https), and would leave this machine' });
    const isNamed = way.resolver === 'proxy' && isIP(host) === 0;
    const targets = isNamed
      ? [host]
      : isIP(host) === 0
        ? (await judged(host, isEncrypted)).map(({ address }) => address)
        : [host];
    return connect(targets.map((target) => (target.includes(':') ? `[${target}]:${port}` : `${target}:${port}`)));
  };
  const guardedLookup: Guard['lookup'] =
    (isEncrypted) =>
    (host, { all }, done) => {
      judged(host, isEncrypted).then(
        (addresses) => {
          const [first] = addresses;
          if (all) done(null, [...addresses]);
          else done(null, first?.address ?? '', first?.family);
        },
        (error: NodeJS.ErrnoException) => done(error, ''),
      );
    };
  return { refuse, lookup: guardedLookup, throughProxy };
}

/** For an undici Agent. Fails with EGRESS_FORBIDDEN where an address is refused. */
export function guardedConnector(deps: ConnectDeps): buildConnector.connector {
  const { out, connectWithinMs } = deps;
  const { refuse, lookup, throughProxy } = createGuard(deps);
  const connectorFor = (isEncrypted: boolean) =>
    buildConnector({ allowH2: false, timeout: connectWithinMs, lookup: lookup(isEncrypted) });
  const encrypted = connectorFor(true);
  const plain = connectorFor(false);

  return (options, callback) => {
    const isEncrypted = options.protocol === 'https:';
    const host = options.hostname.replace(/^\[|\]$/g, '');
    // An address in the URL is never looked up, so it is judged here.
    const refused = isIP(host) === 0 ? undefined : refuse(host, host, isEncrypted);
    if (refused) return callback(refused, null);
    if (out.kind === 'proxy')
      return void throughProxy(out.proxy, { host, port: options.port || (isEncrypted ? '443' : '80'), isEncrypted }).then(
        (socket) => (isEncrypted ? encrypted({ ...options, httpSocket: socket }, callback) : callback(null, socket)),
        (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null),
      );
    const from = out.kind === 'source' ? { localAddress: out.address } : {};
    (isEncrypted ? encrypted : plain)({ ...options, ...from }, (...made) => {
      const [, socket] = made;
      const reached = socket?.remoteAddress;
      // Once more, of what was really reached: this holds whatever the way there.
      const misled = socket && (reached === undefined ? new Error('the connection is gone') : refuse(host, reached, isEncrypted));
      if (!misled) return callback(...made);
      socket.destroy();
      callback(misled, null);
    });
  };
}
