// A TLS connection for a protocol of its own, judged as requests are: by the same guard for addresses, by the same ways out.
// The rule: TLS 1.2 or later, with a certificate for exactly this host, and nothing is said before it stands.
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { type ConnectDeps, createGuard } from './connect.ts';

export interface StreamRequest {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** Who vouches for the far end, as PEM; absent: whom the machine trusts. */
  readonly ca?: string | undefined;
  /** Who is asked, for the words of a fault. */
  readonly server: string;
  readonly allowPrivate: readonly string[];
  readonly way?: string | undefined;
  readonly signal: AbortSignal;
}

export async function openStream(deps: ConnectDeps, request: StreamRequest): Promise<TLSSocket> {
  const { host, port, ca } = request;
  const { refuse, lookup, throughProxy } = createGuard(deps);
  const isAddress = isIP(host) !== 0;
  const refused = isAddress ? refuse(host, host, true) : undefined;
  if (refused) throw refused;
  const { out, connectWithinMs } = deps;
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(connectWithinMs)]);
  const common = {
    host,
    ...(isAddress ? {} : { servername: host }),
    ...(ca === undefined ? {} : { ca }),
    minVersion: 'TLSv1.2' as const,
  };
  const socket =
    out.kind === 'proxy'
      ? connect({ ...common, socket: await throughProxy(out.proxy, { host, port: String(port), isEncrypted: true }) })
      : connect({ ...common, port, lookup: lookup(true), ...(out.kind === 'source' ? { localAddress: out.address } : {}) });
  await secured(socket, signal);
  // Once more, of what was really reached; behind a proxy that is the proxy.
  const reached = out.kind === 'proxy' ? undefined : socket.remoteAddress;
  const misled = reached === undefined ? undefined : refuse(host, reached, true);
  if (misled) socket.destroy();
  if (misled) throw misled;
  return socket;
}

function secured(socket: TLSSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: Error) => {
      socket.off('secureConnect', onSecure).off('close', onClose);
      signal.removeEventListener('abort', onAbort);
      if (error) reject(error);
      else resolve();
    };
    const onSecure = () => end();
    // It stays: an error that nobody hears would end the process.
    socket.on('error', (error) => end(error));
    const onClose = () => end(new Error('it closed the connection'));
    const onAbort = () => socket.destroy(Object.assign(new Error('not in time'), { code: 'UND_ERR_CONNECT_TIMEOUT' }));
    socket.on('secureConnect', onSecure).on('close', onClose);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}
