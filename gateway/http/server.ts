// One listening HTTP(S) server with the limits that keep slow or endless clients from holding it.
// It is bound before the rest of the gateway server is built, so a taken port is found first; until serve() it answers STARTING.
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import { answerFault, refuseUpgrade } from './error.ts';
import { incomingOf } from './incoming.ts';
import type { Routes } from './routes.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}
export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** So that who comes back is known, also after a restart. */
  readonly ticketKeys?: Buffer;
  /** How long tickets last, in seconds. */
  readonly sessionTimeout?: number;
}
export interface HttpServer {
  /** As bound: the port that was chosen where 0 was asked for. */
  readonly address: Address;
  /** Routes requests from now on. */
  serve(routes: Routes): void;
  /** TLS tickets are made and read by this key from now on (48 bytes). Node knows one at a time. */
  useTicketKey(key: Buffer): void;
  /** Who connects from now on is shown this one. Throws where it is none. */
  useCertificate(certificate: Pick<Certificate, 'cert' | 'key'>): void;
  /** Refuses what is new, lets requests that run end until the deadline, then cuts them. Upgraded connections are their owner's. Idempotent. */
  close(withinMs: number): Promise<void>;
}

const limits = {
  headersTimeout: 15_000,
  requestTimeout: 120_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16 * 1024,
  // What two readers could take for two different requests is refused: lengths that contradict, folded lines, odd line ends.
  insecureHTTPParser: false,
} satisfies ServerOptions;
type TimeLimits = Partial<Pick<typeof limits, 'headersTimeout' | 'requestTimeout' | 'connectionsCheckingInterval'>>;

/**
 * Connections that wait to be taken, as many as the system allows (net.core.somaxconn). Node's own 511 are full at once where a fleet comes back, and whoever finds no
 * place asks again after 1, 3 and 7 s.
 */
const backlog = 65_535;

/** Rejects with ADDRESS_UNUSABLE where the address is taken, forbidden or not on this machine. */
export async function openServer(deps: {
  listen: Address;
  /** The setting that names the address, for the person who has to change it. */
  setting: string;
  certificate: Certificate | undefined;
  logger: Logger;
  /** In ms. Absent: 15 s for a head, 120 s for a whole request, looked at every 5 s. */
  timeLimits?: TimeLimits;
}): Promise<HttpServer> {
  const { listen, certificate, logger } = deps;
  const options = { ...limits, ...deps.timeLimits };
  let routes: Routes | undefined;
  let closing: Promise<void> | undefined;
  const sockets = new Set<Duplex>();
  /** Those that have not sent a request yet. */
  const silent = new Set<Duplex>();

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    silent.delete(request.socket);
    if (closing) response.shouldKeepAlive = false;
    // Node reads the rest of a body whose request was answered before, however long it is: also for somebody who has no token.
    if (mayBeLong(request)) response.once('finish', () => request.complete || request.socket.destroySoon());
    if (routes && !closing) void routes.onRequest(request, response);
    else answerFault(response, new Fault(closing ? 'STOPPING' : 'STARTING'), logger);
  }
  // Not imported: an import of node:http also loads Node's own WebSocket client, a tenth of what a start takes.
  const http = process.getBuiltinModule('node:http');
  const taken = { ...options, IncomingMessage: incomingOf(http.IncomingMessage) };
  const server = certificate
    ? process.getBuiltinModule('node:https').createServer({ ...taken, ...certificate, minVersion: 'TLSv1.2' }, onRequest)
    : http.createServer(taken, onRequest);
  server.on(certificate ? 'secureConnection' : 'connection', (socket: Duplex) => {
    sockets.add(socket);
    silent.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      silent.delete(socket);
    });
  });
  server.on('upgrade', (request, socket, head) => {
    // Whoever takes over an upgraded connection closes it.
    sockets.delete(socket);
    silent.delete(socket);
    if (routes && !closing) return routes.onUpgrade(request, socket, head);
    refuseUpgrade(socket, new Fault(closing ? 'STOPPING' : 'STARTING'));
  });
  await bind(server, listen, deps.setting);
  server.on('error', (error) => logger.error({ err: error }, 'listener failed'));

  async function closeAll(withinMs: number): Promise<void> {
    server.close();
    for (const socket of silent) socket.destroy();
    const deadline = AbortSignal.timeout(withinMs);
    // A connection that turns idle after close() is not closed by Node until it times out.
    while (sockets.size > 0 && !deadline.aborted) {
      server.closeIdleConnections();
      await wait(20);
    }
    for (const socket of sockets) socket.destroy();
  }
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('a TCP server has no address');
  return {
    address: { host: listen.host, port: bound.port },
    serve(given) {
      routes = given;
    },
    useTicketKey(key) {
      if ('setTicketKeys' in server) server.setTicketKeys(key);
    },
    useCertificate(given) {
      // All of it is set anew: what is not given here is Node's default again.
      if ('setSecureContext' in server)
        server.setSecureContext({ ...certificate, ...given, ticketKeys: server.getTicketKeys(), minVersion: 'TLSv1.2' });
    },
    close(withinMs) {
      closing ??= closeAll(withinMs);
      return closing;
    },
  };
}

/** Short ones are in the first packets, and read by then: their connection can serve the next request. */
function mayBeLong({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 65_536;
}

const bindErrors: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something else listens there. Stop it, or name another address with',
  EACCES: 'this user may not use that port. Use a port above 1023, or name another address with',
  EADDRNOTAVAIL: 'this machine has no such address. Name another with',
  ENOTFOUND: 'that name is not known here. Name another with',
};

function bind(server: Server, { host, port }: Address, setting: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = bindErrors[error.code ?? ''];
      const reason = why === undefined ? error.message : `${why} ${setting} HOST:PORT.`;
      reject(new Fault('ADDRESS_UNUSABLE', { address: `${host}:${port}`, reason }, { cause: error }));
    });
    server.listen({ port, host, backlog }, () => resolve());
  });
}
