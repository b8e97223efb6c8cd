// Very many short sessions at a gateway server, as fast as it takes them: bytes that are made once, on connections that stay open. The rule: an answer that is not
// the expected one ends the run; what is seldom (a call, a stream that is cut, a session that nobody ends) comes in a fixed share, so that all parts are alike.
import { connect, type Socket } from 'node:net';
import { initializeRequest, sessionVersion, statelessVersion } from '../load/echo.ts';

export interface Mass {
  readonly port: number;
  /** The path of the gateway. */
  readonly path: string;
  /** Of a person who ends their sessions, and of one who leaves some open. */
  readonly token: string;
  readonly leaver: string;
  /** A tool that answers at once. */
  readonly tool: string;
}
interface Got {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

const atOnce = 32;
/** One in so many sessions of each era calls a tool; one is cut in the middle of a stream; one of 2025-11-25 is left open until it expires. */
const callEach = 50;
const cutEach = 400;
const leftEach = 500;
const answerMs = 60_000;

/** Sessions `from` to `to`: one half of 2025-11-25 (initialize, DELETE), one of 2026-07-28 (server/discover). */
export async function masses(of: Mass, from: number, to: number): Promise<void> {
  let next = from;
  const some = async (): Promise<void> => {
    const line = new RawLine(of.port);
    try {
      while (next < to) await session(of, line, next++);
    } finally {
      line.close();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, some));
}

async function session(of: Mass, line: RawLine, index: number): Promise<void> {
  const nth = index >> 1;
  const isCalling = nth % callEach === 0;
  const isCut = nth % cutEach === 1;
  if (index % 2 === 0) return isCut ? cut(of, requestOf(of, 'subscriptions/listen')) : modern(of, line, isCalling);
  const isLeft = nth % leftEach === 2;
  const token = isLeft ? of.leaver : of.token;
  const opened = await line.send(http(of, 'POST', headersOf(token, sessionVersion), initializeRequest));
  const id = /^mcp-session-id: *(\S+)/im.exec(opened.head)?.[1];
  if (opened.status !== 200 || id === undefined) throw unexpected('initialize', opened);
  const headers = `${headersOf(token, sessionVersion)}mcp-session-id: ${id}\r\n`;
  if (isCalling) expectResult('tools/call', await line.send(http(of, 'POST', headers, callOf(of))));
  if (isCut) await cut(of, http(of, 'GET', headers));
  if (isLeft) return;
  const ended = await line.send(http(of, 'DELETE', headers));
  if (ended.status !== 204) throw unexpected('DELETE', ended);
}

async function modern(of: Mass, line: RawLine, isCalling: boolean): Promise<void> {
  const method = isCalling ? 'tools/call' : 'server/discover';
  expectResult(method, await line.send(requestOf(of, method)));
}

function requestOf(of: Mass, method: string): string {
  const name = method === 'tools/call' ? `mcp-name: ${of.tool}\r\n` : '';
  return http(of, 'POST', `${headersOf(of.token, statelessVersion)}mcp-method: ${method}\r\n${name}`, callOf(of, method));
}

function callOf({ tool }: Mass, method?: string): string {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': statelessVersion,
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const call = method === undefined || method === 'tools/call' ? { name: tool, arguments: { text: 'here' } } : {};
  const listen = method === 'subscriptions/listen' ? { notifications: { toolsListChanged: true } } : {};
  const params = { ...call, ...listen, ...(method !== undefined && { _meta }) };
  return JSON.stringify({ jsonrpc: '2.0', id: 2, method: method ?? 'tools/call', params });
}

function headersOf(token: string, version: string): string {
  return `authorization: Bearer ${token}\r\nmcp-protocol-version: ${version}\r\n`;
}

function http({ port, path }: Mass, method: string, headers: string, body = ''): string {
  const always = `host: 127.0.0.1:${port}\r\naccept: application/json, text/event-stream\r\n`;
  const content = body === '' ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
  return `${method} ${path} HTTP/1.1\r\n${always}${content}${headers}\r\n${body}`;
}

/** Gone as soon as the stream that it is answered by has begun. */
function cut({ port }: Mass, request: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect(port, '127.0.0.1', () => socket.write(request));
  socket.setTimeout(answerMs, () => socket.destroy(new Error('no stream began')));
  socket.on('error', reject);
  socket.once('data', (chunk: Buffer) => {
    const text = chunk.toString('latin1');
    if (!text.startsWith('HTTP/1.1 200')) reject(new Error(`no stream began: ${text.slice(0, 300)}`));
    socket.destroy();
  });
  socket.on('close', () => resolve());
  return promise;
}

function expectResult(what: string, got: Got): void {
  if (got.status !== 200 || !got.body.includes('"result"') || got.body.includes('"isError":true')) throw unexpected(what, got);
}

function unexpected(what: string, { status, body }: Got): Error {
  return new Error(`${what}: HTTP ${status} ${body.slice(0, 300)}`);
}

/** One connection; one request at a time. */
class RawLine {
  readonly #socket: Socket;
  #received = '';
  #waiting: { resolve(got: Got): void; reject(error: Error): void } | undefined;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1');
    this.#socket.setTimeout(answerMs, () => this.#socket.destroy(new Error(`no answer within ${answerMs / 1000} s`)));
    this.#socket.on('data', (text: string) => this.#read(text));
    this.#socket.on('error', (error) => this.#waiting?.reject(error));
    this.#socket.on('close', () => this.#waiting?.reject(new Error('the connection was closed')));
  }

  send(request: string): Promise<Got> {
    const { promise, resolve, reject } = Promise.withResolvers<Got>();
    this.#waiting = { resolve, reject };
    this.#socket.write(request);
    return promise;
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #read(text: string): void {
    this.#received += text;
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#received.slice(0, end);
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    const isChunked = /^transfer-encoding: *chunked/im.test(head);
    const body = this.#received.slice(end + 4);
    if (isChunked ? !body.endsWith('\r\n0\r\n\r\n') : body.length < length) return;
    this.#received = '';
    this.#waiting?.resolve({ status: Number(head.slice(9, 12)), head, body });
  }
}
