// One listening HTTP(S) server with the limits that keep slow or endless clients from holding it.
// It is bound before the rest of the gateway server is built, so a taken port is found first; until serve() it answers STARTING.
import { createServer as createHttp, type IncomingMessage, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import { answerFault, refusalBytes } from './error.ts';
import type { Routes } from './routes.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}
export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}
export interface HttpServer {
  /** As bound: the port that was chosen where 0 was asked for. */
  readonly address: Address;
  /** Routes requests from now on. */
  serve(routes: Routes): void;
  /** Refuses what is new, lets what runs end until the deadline, then cuts it. Idempotent. */
  close(withinMs: number): Promise<void>;
}

const limits = {
  headersTimeout: 15_000,
  requestTimeout: 120_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16 * 1024,
} satisfies ServerOptions;

/** Rejects with ADDRESS_UNUSABLE where the address is taken, forbidden or not on this machine. */
export async function openServer(deps: {
  listen: Address;
  /** The setting that names the address, for the person who has to change it. */
  setting: string;
  certificate: Certificate | undefined;
  logger: Logger;
}): Promise<HttpServer> {
  const { listen, certificate, logger } = deps;
  let routes: Routes | undefined;
  let closing: Promise<void> | undefined;

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    if (closing) response.shouldKeepAlive = false;
    if (routes && !closing) void routes.onRequest(request, response);
    else answerFault(response, new Fault(closing ? 'STOPPING' : 'STARTING'), logger);
  }
  const server = certificate
    ? createHttps({ ...limits, ...certificate, minVersion: 'TLSv1.2' }, onRequest)
    : createHttp(limits, onRequest);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request, socket, head) => {
    if (routes && !closing) routes.onUpgrade(request, socket, head);
    else {
      socket.on('error', () => socket.destroy());
      socket.end(refusalBytes(new Fault(closing ? 'STOPPING' : 'STARTING')));
    }
  });
  await bind(server, listen, deps.setting);
  server.on('error', (error) => logger.error({ err: error }, 'listener failed'));

  async function closeAll(withinMs: number): Promise<void> {
    const deadline = AbortSignal.timeout(withinMs);
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    // A connection that turns idle after close() is not closed by Node until it times out.
    const idle = setInterval(() => server.closeIdleConnections(), 25);
    try {
      await Promise.race([
        closed,
        new Promise<void>((resolve) => deadline.addEventListener('abort', () => resolve(), { once: true })),
      ]);
    } finally {
      clearInterval(idle);
      for (const socket of sockets) socket.destroy();
    }
    await closed;
  }
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('a TCP server has no address');
  return {
    address: { host: listen.host, port: bound.port },
    serve(given) {
      routes = given;
    },
    close(withinMs) {
      closing ??= closeAll(withinMs);
      return closing;
    },
  };
}

const bindErrors: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something else listens there. Stop it, or name another address with',
  EACCES: 'this user may not use that port. Use a port above 1023, or name another address with',
  EADDRNOTAVAIL: 'this machine has no such address. Name another with',
  ENOTFOUND: 'that name is not known here. Name another with',
};

function bind(server: ReturnType<typeof createHttp>, { host, port }: Address, setting: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = bindErrors[error.code ?? ''];
      const reason = why === undefined ? error.message : `${why} ${setting} HOST:PORT.`;
      reject(new Fault('ADDRESS_UNUSABLE', { address: `${host}:${port}`, reason }, { cause: error }));
    });
    server.listen(port, host, () => resolve());
  });
}
