// HTTP as bytes on a socket, for requests that a well-behaved client would not send.
import { once } from 'node:events';
import { connect, type NetConnectOpts } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends the lines as a request head and reads until the server closes. */
export async function sendRaw(to: NetConnectOpts & { port: number }, lines: readonly string[], body = ''): Promise<RawAnswer> {
  const socket = connect(to);
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  await once(socket, 'close');
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [status = '', ...fields] = head.split('\r\n');
  const headers = fields.map((field) => [field.slice(0, field.indexOf(':')).toLowerCase(), field.slice(field.indexOf(':') + 2)]);
  return { status: Number(status.split(' ')[1]), headers: Object.fromEntries(headers), body: rest.join('\r\n\r\n') };
}
