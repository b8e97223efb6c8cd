// A measured server on a free port of loopback, which it says on stdout. It ends with whoever started it.
import type { Server } from 'node:http';

export function listenOnLoopback(server: Server): void {
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
    process.stdout.write(`listening ${address.port}\n`);
  });
  process.once('SIGTERM', () => process.exit(0)); // an ordinary end, so that a profile is written
  process.stdin.on('end', () => process.exit(0)).resume();
}
