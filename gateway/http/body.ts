// A request's body, read whole and bounded: one byte over the limit is refused, and the rest is not kept.
import type { IncomingMessage } from 'node:http';
import { Fault } from '#contract/error.ts';
import { isGathering } from './incoming.ts';

const readAwayBytes = 1024 * 1024;

/** Reads the body. Rejects with MESSAGE_TOO_LARGE above the limit, CANCELLED where the client went away in the middle. */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // Gone while its caller was looked up: it has said all that it will.
    if (request.destroyed) return reject(new Fault('CANCELLED'));
    const { 'content-length': stated, 'transfer-encoding': coding } = request.headers;
    const wholeBytes = coding === undefined ? Number(stated ?? 0) : 0;
    // Also comes after the end: a fault that nobody waits for is not worth its stack trace.
    const onClose = () => request.complete || reject(new Fault('CANCELLED'));
    request.on('close', onClose);
    // Node keeps the last request of each connection: nothing of it may lead to its body.
    const onWhole = (body: Buffer) => {
      request.off('close', onClose);
      resolve(body);
    };
    if (wholeBytes > 0 && wholeBytes <= limitBytes && isGathering(request) && request.gather(wholeBytes, onWhole)) return;
    const chunks: Buffer[] = [];
    let isRefused = false;
    let size = 0;
    const refuse = () => {
      isRefused = true;
      chunks.length = 0;
      reject(new Fault('MESSAGE_TOO_LARGE', { limitBytes }));
    };
    const finish = () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    if (wholeBytes > limitBytes) refuse();
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (!isRefused && size <= limitBytes) {
        chunks.push(chunk);
        return size === wholeBytes ? finish() : undefined;
      }
      if (!isRefused) refuse();
      // Who still sends may not read the answer yet, so a part is read away; of what is longer the rest waits for the connection to end.
      if (size > Math.max(2 * limitBytes, readAwayBytes)) request.pause();
    });
    // Where its length is stated nobody has to wait for the word that it is over.
    if (wholeBytes === 0) request.on('end', finish);
  });
}
