// Reads HTTP/1.1 responses from a socket's chunks, one at a time (no pipelining), with as little work as the format allows.
// Content-Length and chunked bodies only: what a keep-alive server sends.

export interface Response {
  readonly status: number;
  readonly sessionId: string | undefined;
  /** The JSON-RPC message: the body, or the data of the last event of an event stream. */
  readonly message: Buffer;
}

/** Takes chunks; returns the response once its last byte came. */
export type ResponseReader = (chunk: Buffer) => Response | undefined;

const headEnd = Buffer.from('\r\n\r\n');

interface Head {
  readonly status: number;
  readonly lengthBytes: number | 'chunked';
  readonly isEventStream: boolean;
  readonly sessionId: string | undefined;
  readonly bodyAt: number;
}

export function createResponseReader(): ResponseReader {
  let chunks: Buffer[] = [];
  let sizeBytes = 0;
  let head: Head | undefined;

  return (chunk) => {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (head !== undefined && head.lengthBytes !== 'chunked' && sizeBytes < head.bodyAt + head.lengthBytes) return undefined;
    const bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    chunks = [bytes];
    head ??= parseHead(bytes);
    const body = head === undefined ? undefined : bodyOf(bytes, head);
    if (head === undefined || body === undefined) return undefined;
    const { status, sessionId, isEventStream } = head;
    head = undefined;
    chunks = [];
    sizeBytes = 0;
    return { status, sessionId, message: isEventStream ? lastData(body) : body };
  };
}

function parseHead(bytes: Buffer): Head | undefined {
  const end = bytes.indexOf(headEnd);
  if (end === -1) return undefined;
  const text = bytes.toString('latin1', 0, end);
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
  const isChunked = length === undefined && /\r\ntransfer-encoding: *chunked/i.test(text);
  return {
    status: Number(text.slice(9, 12)),
    lengthBytes: isChunked ? 'chunked' : Number(length ?? 0),
    isEventStream: /\r\ncontent-type: *text\/event-stream/i.test(text),
    sessionId: /\r\nmcp-session-id: *([^\r]+)/i.exec(text)?.[1],
    bodyAt: end + headEnd.length,
  };
}

function bodyOf(bytes: Buffer, head: Head): Buffer | undefined {
  if (head.lengthBytes === 'chunked') return dechunk(bytes, head.bodyAt);
  const end = head.bodyAt + head.lengthBytes;
  return bytes.length < end ? undefined : bytes.subarray(head.bodyAt, end);
}

function dechunk(bytes: Buffer, bodyAt: number): Buffer | undefined {
  const parts: Buffer[] = [];
  for (let at = bodyAt; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const start = lineEnd + 2;
    if (bytes.length < start + size + 2) return undefined;
    if (size === 0) return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    parts.push(bytes.subarray(start, start + size));
    at = start + size + 2;
  }
}

/** An event stream that answers one request: progress may come first, the answer is last. */
function lastData(stream: Buffer): Buffer {
  const at = stream.lastIndexOf('data:');
  if (at === -1) return Buffer.alloc(0);
  const end = stream.indexOf(10, at);
  return stream.subarray(at + 'data:'.length, end === -1 ? stream.length : end);
}
