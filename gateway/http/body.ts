// A request's body, read whole and bounded: one byte over the limit is refused, and the rest is not kept.
import type { IncomingMessage } from 'node:http';
import { Fault } from '#contract/error.ts';

/** Reads the body. Rejects with MESSAGE_TOO_LARGE above the limit, CANCELLED where the client went away in the middle. */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > limitBytes) {
      request.resume();
      return reject(new Fault('MESSAGE_TOO_LARGE', { limitBytes }));
    }
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limitBytes) chunks.push(chunk);
      else {
        chunks.length = 0;
        reject(new Fault('MESSAGE_TOO_LARGE', { limitBytes }));
      }
    });
    request.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    request.on('error', (cause) => reject(new Fault('CANCELLED', {}, { cause })));
    // Also comes after the end: a fault that nobody waits for is not worth its stack trace.
    request.on('close', () => request.complete || reject(new Fault('CANCELLED')));
  });
}
