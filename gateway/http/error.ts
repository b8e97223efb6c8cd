// The edge where a Fault becomes an HTTP answer. What nobody expected is INTERNAL with a reference: its cause goes to the log only.
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { asFault, entryOf, type Fault } from '#contract/error.ts';
import { newId } from '#contract/id.ts';

/** Answers with what went wrong, or ends a response that was begun. */
export function answerFault(response: ServerResponse, thrown: unknown, logger: Logger): void {
  const reference = newId();
  const fault = asFault(thrown, reference);
  if (fault.code === 'INTERNAL') logger.error({ err: fault.cause ?? fault, reference }, 'request failed');
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status } = entryOf(fault.code);
  // What is an error within JSON-RPC, over HTTP that went well, is one of somebody behind this gateway server.
  const shown = status < 400 ? 502 : status;
  for (const [name, value] of Object.entries(faultHeaders(fault))) response.setHeader(name, value);
  answerJson(response, shown, { error: describe(fault) });
}

export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json');
  response.setHeader('Content-Length', bytes.length);
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.end(bytes);
}

/** Refuses an upgrade, for which there is no response to write to, and closes: no time limit of HTTP counts for such a connection any more. */
export function refuseUpgrade(socket: Duplex, fault: Fault): void {
  const destroy = () => socket.destroy();
  socket.on('error', destroy);
  socket.once('finish', destroy);
  socket.end(refusalBytes(fault));
}

/** An answer as bytes of HTTP/1.1. */
function refusalBytes(fault: Fault): Buffer {
  const { status } = entryOf(fault.code);
  const body = Buffer.from(JSON.stringify({ error: describe(fault) }));
  const headers = {
    ...faultHeaders(fault),
    'Content-Type': 'application/json',
    'Content-Length': String(body.length),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} ${fault.code}\r\n${lines.join('')}\r\n`), body]);
}

function describe({ code, message, fields }: Fault): Readonly<Record<string, string>> {
  const { reference, capability } = fields;
  return {
    code,
    message,
    ...(capability === undefined ? {} : { capability: String(capability) }),
    ...(reference === undefined ? {} : { reference: String(reference) }),
  };
}

/** What HTTP says of it beside the status. */
export function faultHeaders(fault: Fault): Record<string, string> {
  const { status, retry } = entryOf(fault.code);
  if (status === 401) return { 'WWW-Authenticate': 'Bearer realm="Drawbridge"' };
  if (status === 405) return { Allow: String(fault.fields['allow'] ?? '') };
  if (status === 426) return { Upgrade: 'websocket' };
  const isForNow = status === 429 || (status === 503 && retry === 'safe');
  return isForNow ? { 'Retry-After': String(fault.fields['seconds'] ?? 1) } : {};
}
