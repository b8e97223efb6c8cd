// MCP over HTTP on raw sockets: one keep-alive connection a caller, one MCP session for all of them (or none, in the stateless era).
// node:http's client would cost as much as what is measured.
import { connect, type Socket } from 'node:net';
import type { Drive } from '../target.ts';
import {
  initializedNotification,
  initializeRequest,
  readAnswer,
  sessionVersion,
  statelessVersion,
  type Template,
  writeId,
} from './echo.ts';
import { createResponseReader, type Response } from './response.ts';
import { excerptOf, isRefusal, type Wire } from './wire.ts';

type HttpDrive = Extract<Drive, { kind: 'http' }>;

/** A connection that was silent for this long is not used again: servers close what says nothing (the SDK's after 5 s), some with a word (HTTP 408). */
const silentMs = 2000;

interface Connection {
  readonly socket: Socket;
  /** Since when it has nothing to say. */
  silentAt: number;
  request: Buffer;
  bodyAt: number;
  id: number;
  isWaiting: boolean;
}

export async function openHttp(drive: HttpDrive, signal: AbortSignal): Promise<Wire> {
  const url = new URL(drive.url);
  const connections: Connection[] = [];
  let template: Template | undefined;
  const common = [
    `POST ${url.pathname} HTTP/1.1`,
    `host: ${url.host}`,
    'content-type: application/json',
    'accept: application/json, text/event-stream',
    ...Object.entries(drive.headers).map(([name, value]) => `${name}: ${value}`),
  ];
  const dial = (): Promise<Socket> => openSocket(url, signal);
  const sessionId = drive.opening === 'initialize' ? await initialize(await dial(), common) : undefined;
  const head = [...common, ...callHeaders(drive, sessionId)];

  const wire: Wire = {
    era: drive.opening === 'none-stateless' ? 'stateless' : 'session',
    onReplies: () => undefined,
    onBroken: () => undefined,
    async prepare(callers, next) {
      template = next;
      for (const { socket } of connections.splice(callers)) socket.destroy();
      for (let caller = 0; caller < callers; caller++) {
        const before = connections[caller];
        if (before && !before.socket.destroyed && performance.now() - before.silentAt < silentMs) continue;
        before?.socket.destroy();
        connections[caller] = adopt(await dial(), caller);
      }
      for (const connection of connections) {
        const headBytes = Buffer.from(withLength(head, next.bytes.length));
        connection.request = Buffer.concat([headBytes, next.bytes]);
        connection.bodyAt = headBytes.length;
      }
    },
    send(caller, id) {
      const connection = connections[caller];
      if (connection === undefined || template === undefined) throw new Error('send before prepare');
      connection.id = id;
      connection.isWaiting = true;
      writeId(connection.request, template, id, connection.bodyAt);
      if (connection.socket.destroyed) wire.onBroken('the server closed a connection');
      else connection.socket.write(connection.request);
    },
    flush: () => undefined,
    close() {
      wire.onBroken = () => undefined;
      for (const { socket } of connections) socket.destroy();
      return Promise.resolve();
    },
  };

  function adopt(socket: Socket, caller: number): Connection {
    const connection: Connection = {
      socket,
      silentAt: performance.now(),
      request: Buffer.alloc(0),
      bodyAt: 0,
      id: 0,
      isWaiting: false,
    };
    const read = createResponseReader();
    socket.on('data', (chunk: Buffer) => {
      const response = read(chunk);
      if (response === undefined || template === undefined) return;
      connection.isWaiting = false;
      connection.silentAt = performance.now();
      const { id, isRight } = readAnswer(response.message, template.filler);
      const isOurs = isRight && id === connection.id && response.status === 200;
      const excerpt = isOurs ? undefined : `HTTP ${response.status} ${excerptOf(response.message)}`;
      const isRefused = response.status !== 200 || (!isOurs && isRefusal(excerptOf(response.message)));
      wire.onReplies([{ caller, id: connection.id, isRight: isOurs, excerpt, isRefused }]);
    });
    socket.on('close', () => {
      if (connection.isWaiting) wire.onBroken('the server closed a connection');
    });
    socket.on('error', (error) => {
      if (connection.isWaiting) wire.onBroken(error.message);
    });
    return connection;
  }
  return wire;
}

function callHeaders(drive: HttpDrive, sessionId: string | undefined): readonly string[] {
  if (drive.opening === 'none') return [];
  if (drive.opening === 'none-stateless')
    return [`mcp-protocol-version: ${statelessVersion}`, 'mcp-method: tools/call', 'mcp-name: echo'];
  return [`mcp-protocol-version: ${sessionVersion}`, ...(sessionId === undefined ? [] : [`mcp-session-id: ${sessionId}`])];
}

function withLength(head: readonly string[], lengthBytes: number): string {
  return [...head, `content-length: ${lengthBytes}`, '', ''].join('\r\n');
}

function openSocket(url: URL, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true, signal });
  socket.once('error', reject);
  socket.once('connect', () => {
    socket.off('error', reject);
    resolve(socket);
  });
  return promise;
}

/** Opens an MCP session on a connection of its own, which it leaves open: some servers end the session with it. */
async function initialize(socket: Socket, common: readonly string[]): Promise<string | undefined> {
  const opened = await exchange(socket, common, initializeRequest);
  if (opened.status !== 200) throw new Error(`initialize: HTTP ${opened.status} ${excerptOf(opened.message)}`);
  const headers = [`mcp-protocol-version: ${sessionVersion}`];
  if (opened.sessionId !== undefined) headers.push(`mcp-session-id: ${opened.sessionId}`);
  const noted = await exchange(socket, [...common, ...headers], initializedNotification);
  if (noted.status !== 202) throw new Error(`notifications/initialized: HTTP ${noted.status} ${excerptOf(noted.message)}`);
  return opened.sessionId;
}

function exchange(socket: Socket, head: readonly string[], body: string): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const read = createResponseReader();
  const onData = (chunk: Buffer): void => {
    const response = read(chunk);
    if (response === undefined) return;
    socket.off('data', onData);
    resolve(response);
  };
  socket.on('data', onData);
  socket.once('error', reject);
  socket.once('close', () => reject(new Error('the server closed the connection')));
  socket.write(withLength(head, Buffer.byteLength(body)) + body);
  return promise;
}
