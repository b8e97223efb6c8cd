// The floor, second process: WebSocket messages to lines on the echo server's stdin, its lines back. Nothing is parsed.
// The echo server answers in order, so the oldest number belongs to the next line.
import { spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { corkOf } from './cork.ts';
import { variantOf } from './variant.ts';

const [url = '', serverFile = '', variantName] = process.argv.slice(2);
const isOneWrite = variantOf(variantName) === 'one-write';
const sequenceBytes = 8;
const lineEnd = Buffer.from('\n');
const numbers: Buffer[] = [];
let partial: Buffer[] = [];

const server = spawn(process.execPath, [serverFile], { stdio: ['pipe', 'pipe', 'inherit'] });
server.once('exit', () => process.exit(1));
const socket = new WebSocket(url, { perMessageDeflate: false });
const corkServer = isOneWrite ? corkOf(server.stdin) : (): void => undefined;
let corkTunnel = (): void => undefined;
socket.once('upgrade', ({ socket: stream }: { socket: Duplex }) => {
  if (isOneWrite) corkTunnel = corkOf(stream);
});
socket.once('open', () => process.stdout.write('connected\n'));
socket.once('close', () => process.exit(0));

socket.on('message', (message: Buffer) => {
  numbers.push(message.subarray(0, sequenceBytes));
  corkServer();
  server.stdin.cork();
  server.stdin.write(message.subarray(sequenceBytes));
  server.stdin.write(lineEnd);
  server.stdin.uncork();
});

server.stdout.on('data', (chunk: Buffer) => {
  let start = 0;
  for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
    const number = numbers.shift();
    corkTunnel();
    if (number !== undefined) socket.send(Buffer.concat([number, ...partial, chunk.subarray(start, end)]));
    start = end + 1;
    partial = [];
  }
  if (start < chunk.length) partial.push(chunk.subarray(start));
});

process.once('SIGTERM', () => socket.close());
process.stdin.on('end', () => socket.close()).resume();
