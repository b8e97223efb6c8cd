// A TCP proxy that fails on demand. `blackhole`: both sides stay connected and nothing passes any more. `reset`: connections are cut and new ones refused.
// `delay`: every chunk waits. Existing and new connections follow the mode of the moment.
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';

export type Mode = 'pass' | 'blackhole' | 'reset' | { readonly delayMs: number };

export interface FaultProxy {
  readonly port: number;
  mode: Mode;
  /** Connections taken so far. */
  readonly connections: () => number;
  close(): Promise<void>;
}

export async function openFaultProxy(target: { readonly port: number }): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  let mode: Mode = 'pass';
  let connections = 0;

  function forward(from: Socket, to: Socket): void {
    sockets.add(from);
    from.on('data', (chunk) => {
      if (mode === 'pass') to.write(chunk);
      else if (typeof mode === 'object') setTimeout(() => to.writable && to.write(chunk), mode.delayMs);
    });
    from.on('error', () => from.destroy());
    from.on('close', () => {
      sockets.delete(from);
      // In a black hole not even the end of the other side is seen.
      if (mode !== 'blackhole') to.destroy();
    });
  }
  const server = createServer((near) => {
    connections++;
    if (mode === 'reset') return void near.resetAndDestroy();
    const far = connect(target.port, '127.0.0.1');
    forward(near, far);
    forward(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no address');
  return {
    port: address.port,
    get mode() {
      return mode;
    },
    set mode(next) {
      mode = next;
      if (next === 'reset') for (const socket of sockets) socket.resetAndDestroy();
    },
    connections: () => connections,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
