// How a fixture server says where it listens: one JSON line on stdout, as the product's own programs do.
import type { Server } from 'node:http';

export function sayListening(server: Server): void {
  server.once('listening', () => {
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    process.stdout.write(`${JSON.stringify({ event: 'listening', url: `http://127.0.0.1:${port}/mcp` })}\n`);
  });
}
