// The upgrade at /tunnel: only a bridge that asks for our subprotocol gets a WebSocket. Who it is, the handshake on it finds out.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { Fault } from '#contract/error.ts';
import { packetLimitBytes, tunnelSubprotocol } from '#contract/frame.ts';
import { Pongs } from '../tunnel/pong.ts';
import type { Tunnels } from '../tunnel/tunnels.ts';
import { refuseUpgrade } from './error.ts';

export function createTunnelUpgrade(deps: {
  tunnels: Pick<Tunnels, 'accept'>;
  /** Where a request came from, behind the proxies that are trusted. */
  addressOf?: (request: IncomingMessage) => string;
}): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // Compression costs seven times the CPU on small calls.
    perMessageDeflate: false,
    maxPayload: packetLimitBytes,
    handleProtocols: () => tunnelSubprotocol,
  });
  return (request, socket, head) => {
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    // A browser always says its origin; a bridge has none.
    if (!offered.includes(tunnelSubprotocol) || request.headers.origin !== undefined) {
      refuseUpgrade(socket, new Fault('UPGRADE_REQUIRED'));
      return;
    }
    const address = deps.addressOf?.(request) ?? request.socket.remoteAddress ?? '';
    sockets.handleUpgrade(request, socket, head, (webSocket) =>
      deps.tunnels.accept({ socket: webSocket, stream: socket, pongs: new Pongs(socket) }, { address }),
    );
  };
}
