// The only way out: a connection that is made to an address which was judged, and to no other. The name is resolved once, each of its addresses is judged,
// and the connection takes one of exactly those, so a name that changes between the look and the connection changes nothing.
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { Fault } from '#contract/error.ts';
import { objection } from './address.ts';

/** All addresses of a name, as the system's resolver gives them. Rejects where there are none. */
export type Lookup = (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

export interface ConnectDeps {
  readonly lookup: Lookup;
  readonly allowPrivate: readonly string[];
  readonly connectWithinMs: number;
  readonly onRefused: (of: Refused) => void;
}
/** For the log: a person who calls is told neither address nor host. */
export interface Refused {
  readonly host: string;
  readonly address: string;
  readonly reason: string;
}

/** For an undici Agent. Fails with EGRESS_FORBIDDEN where an address is refused. */
export function guardedConnector({ lookup, allowPrivate, connectWithinMs, onRefused }: ConnectDeps): buildConnector.connector {
  const refuse = (host: string, address: string, isEncrypted: boolean) => {
    const reason = objection(address, { host, isEncrypted, allowPrivate });
    if (reason === undefined) return undefined;
    onRefused({ host, address, reason });
    return new Fault('EGRESS_FORBIDDEN', { server: host, reason });
  };
  const connectorFor = (isEncrypted: boolean) => {
    const guardedLookup: LookupFunction = (host, { all }, done) => {
      lookup(host).then(
        (addresses) => {
          const [first] = addresses;
          // One bad address condemns the name: an honest one has none.
          const refused = addresses.map(({ address }) => refuse(host, address, isEncrypted)).find((fault) => fault !== undefined);
          if (refused) return done(refused, '');
          if (first === undefined) return done(new Error(`${host} has no address`), '');
          if (all) done(null, [...addresses]);
          else done(null, first.address, first.family);
        },
        (error: NodeJS.ErrnoException) => done(error, ''),
      );
    };
    return buildConnector({ allowH2: false, timeout: connectWithinMs, lookup: guardedLookup });
  };
  const encrypted = connectorFor(true);
  const plain = connectorFor(false);

  return (options, callback) => {
    const isEncrypted = options.protocol === 'https:';
    const host = options.hostname.replace(/^\[|\]$/g, '');
    // An address in the URL is never looked up, so it is judged here.
    const refused = isIP(host) === 0 ? undefined : refuse(host, host, isEncrypted);
    if (refused) return callback(refused, null);
    (isEncrypted ? encrypted : plain)(options, (...made) => {
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
