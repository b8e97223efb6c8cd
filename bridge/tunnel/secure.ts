// TLS of one gateway's connections: one context for all attempts, and the session of the last one, so that coming back asks for no certificate anew.
// Rule: a session is kept in memory only and comes from a connection whose certificate was checked. Who does not know it any more shakes hands wholly.
import type { Socket } from 'node:net';
import { createSecureContext, TLSSocket, type ConnectionOptions, type SecureContext } from 'node:tls';
import { rootCertificates } from '../root-certificate.ts';

export interface Secure {
  /** For the next connection. */
  options(): Pick<ConnectionOptions, 'secureContext' | 'session'>;
  /** Keeps the sessions that this connection is given. */
  learn(socket: Socket): void;
}

/** `ca`: certificates that are trusted beside Node's own, PEM. */
export function createSecure(ca: readonly string[] | string | undefined): Secure {
  let context: SecureContext | undefined;
  let session: Buffer | undefined;
  return {
    options() {
      context ??= createSecureContext(ca === undefined ? {} : { ca: [...rootCertificates(), ...[ca].flat()] });
      return { secureContext: context, ...(session === undefined ? {} : { session }) };
    },
    learn(socket) {
      if (socket instanceof TLSSocket) socket.on('session', (given) => (session = given));
    },
  };
}
