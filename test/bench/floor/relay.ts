// The floor, first process: HTTP in, one WebSocket message a call out. Nothing is parsed.
// A message is an 8-byte sequence number and the body; the far end answers with the same number.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

const sequenceBytes = 8;
const waiting = new Map<bigint, ServerResponse>();
let sequence = 0n;
let farEnd: WebSocket | undefined;

const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
  const chunks: Buffer[] = [Buffer.alloc(sequenceBytes)];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const message = Buffer.concat(chunks);
    message.writeBigUInt64BE(++sequence);
    waiting.set(sequence, response);
    farEnd?.send(message);
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`listening ${portOf(server.address())}\n`));

const tunnels = new WebSocketServer({ server, perMessageDeflate: false });
tunnels.on('connection', (socket) => {
  farEnd = socket;
  socket.on('message', (message: Buffer) => {
    const number = message.readBigUInt64BE();
    const response = waiting.get(number);
    waiting.delete(number);
    const body = message.subarray(sequenceBytes);
    response?.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
  });
});

process.once('SIGTERM', () => process.exit(0)); // an ordinary end, so that a profile is written
process.stdin.on('end', () => process.exit(0)).resume();

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the relay listens on no port');
  return address.port;
}
