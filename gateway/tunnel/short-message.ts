// A short message to a tunnel's WebSocket, written as one buffer. ws hands the header and what follows to the socket apart, and that is a part of what a ping costs, of
// which ten thousand tunnels need five hundred a second. The rule: exactly the bytes of a whole binary message of a server (RFC 6455, 5.2), and in the order in which
// messages were sent: without compression ws keeps nothing back either.
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** FIN and the opcode of a binary message. */
const whole = 0x82;
/** The length follows as two bytes. */
const lengthFollows = 126;
/** What is longer is not worth a copy. */
const shortBytes = 4096;

/** `stream`: what the WebSocket stands on. */
export interface Line {
  readonly socket: WebSocket;
  readonly stream: Duplex;
}

/** As the WebSocket's own send(). */
export function send({ socket, stream }: Line, payload: Buffer, onWritten?: () => void): void {
  const { length } = payload;
  if (length > shortBytes || socket.readyState !== socket.OPEN) return socket.send(payload, onWritten);
  const headBytes = length < lengthFollows ? 2 : 4;
  const message = Buffer.allocUnsafe(headBytes + length);
  message[0] = whole;
  message[1] = Math.min(length, lengthFollows);
  if (length >= lengthFollows) message.writeUInt16BE(length, 2);
  payload.copy(message, headBytes);
  stream.write(message, onWritten);
}
