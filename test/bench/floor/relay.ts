// The floor, first process: HTTP in, one WebSocket message a call out. Nothing is parsed, unless the variant asks for it.
// A message is an 8-byte sequence number and the body; the far end answers with the same number.
import { createServer, type ServerResponse } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';
import { listenOnLoopback } from '../listen.ts';
import { corkOf } from './cork.ts';
import { variantOf } from './variant.ts';

const variant = variantOf(process.argv[2]);
const sequenceBytes = 8;
const waiting = new Map<bigint, ServerResponse>();
let sequence = 0n;
let farEnd: WebSocket | undefined;
let cork = (): void => undefined;

const again = (body: Buffer): Buffer => Buffer.from(JSON.stringify(JSON.parse(body.toString())));

const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const message = Buffer.concat([
      Buffer.alloc(sequenceBytes),
      ...(variant === 'reserialized' ? [again(Buffer.concat(chunks))] : chunks),
    ]);
    if (variant === 'parsed') JSON.parse(message.toString('utf8', sequenceBytes));
    message.writeBigUInt64BE(++sequence);
    waiting.set(sequence, response);
    cork();
    farEnd?.send(message);
  });
});
listenOnLoopback(server);

const tunnels = new WebSocketServer({ server, perMessageDeflate: false });
tunnels.on('connection', (socket, { socket: stream }) => {
  farEnd = socket;
  if (variant === 'one-write') cork = corkOf(stream);
  socket.on('message', (message: Buffer) => {
    const number = message.readBigUInt64BE();
    const response = waiting.get(number);
    waiting.delete(number);
    const bytes = message.subarray(sequenceBytes);
    const body = variant === 'reserialized' ? again(bytes) : bytes;
    response?.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
  });
});
