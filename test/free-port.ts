// A port on loopback for a program that has to be told one. It lies below the ports that systems hand out by themselves (32768 and up on Linux, 49152 by
// RFC 6335 section 6), so that nobody's outgoing connection takes it in the meantime, also while the program that listens there is restarted.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

const lowest = 15_000;
const above = 32_000;

export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(lowest, above);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
  throw new Error(`100 ports between ${lowest} and ${above} are taken`);
}
