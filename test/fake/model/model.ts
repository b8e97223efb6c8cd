// A model on loopback, as far as an AI host asks one: it calls the one tool it was told to call, and then repeats what the tool answered.
// It takes the tool's name from those that the host offered. What was not offered it calls by the name it is told, as a model may.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

/** What the model is to call. A host may put any prefix before the tool's own name. */
export interface Wish {
  /** The server's own name of the tool: an offered one whose name ends in it is taken. */
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** The name that is called where no offered tool matches: a model tries what it was not offered. */
  readonly otherwise: string;
}

/** One turn of the conversation, read from a request: what the host offers, and the result it brings back, if it brings one. */
export interface Turn {
  readonly offered: readonly string[];
  readonly result: string | undefined;
}

export type Step = { readonly call: string; readonly arguments: Readonly<Record<string, unknown>> } | { readonly say: string };

/** How one vendor spells it. */
export interface Wire {
  /** Undefined where this path is not the one that asks the model. */
  read(path: string, body: unknown): Turn | undefined;
  /** The body of the answer and its content type. */
  write(step: Step, asked: { readonly path: string; readonly body: unknown }): { readonly type: string; readonly body: string };
}

export interface Model {
  /** Without a slash at its end. */
  readonly url: string;
  /** Every tool that the host offered in any request so far. */
  offered(): readonly string[];
  /** Every result that the host brought back, in order. */
  results(): readonly string[];
  /** Every place outside this machine that the host wanted to reach, `name:port`: it has this model as its proxy. */
  outside(): readonly string[];
  close(): Promise<void>;
}

export async function startModel(wire: Wire, wish: Wish): Promise<Model> {
  const offered = new Set<string>();
  const results: string[] = [];
  const outside: string[] = [];
  const server = createServer(async (request, response) => {
    const path = request.url ?? '/';
    if (!path.startsWith('/')) outside.push(path);
    try {
      const sent = await text(request);
      const body: unknown = sent === '' ? undefined : JSON.parse(sent);
      const turn = request.method === 'POST' ? wire.read(path, body) : undefined;
      if (turn === undefined) return void response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
      for (const name of turn.offered) offered.add(name);
      if (turn.result !== undefined) results.push(turn.result);
      const answer = wire.write(next(turn, wish), { path, body });
      response.writeHead(200, { 'content-type': answer.type }).end(answer.body);
    } catch (error) {
      // The host shows it, and so does the test that sees no result.
      response.writeHead(400, { 'content-type': 'text/plain' }).end(`the model does not understand: ${String(error)}`);
    }
  });
  server.on('connect', ({ url = '' }, socket) => {
    outside.push(url);
    socket.on('error', () => socket.destroy()).end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    offered: () => [...offered],
    results: () => results,
    outside: () => outside,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function next({ offered, result }: Turn, wish: Wish): Step {
  if (result !== undefined) return { say: `The tool answered: ${result}` };
  // A small question of the host itself, such as for a title.
  if (offered.length === 0) return { say: 'A question' };
  const call = offered.find((name) => plain(`_${name}`).endsWith(plain(`_${wish.tool}`))) ?? wish.otherwise;
  return { call, arguments: wish.arguments };
}

/** Hosts put other characters where their model's vendor does not take them. */
const plain = (name: string): string => name.replaceAll(/[^A-Za-z0-9]/g, '_');

/** Events as `text/event-stream`, each with its own type as the event's name where it has one. */
export function eventStream(events: readonly object[]): { type: string; body: string } {
  const lines = events.map(
    (event) => `${'type' in event ? `event: ${String(event.type)}\n` : ''}data: ${JSON.stringify(event)}\n\n`,
  );
  return { type: 'text/event-stream', body: lines.join('') };
}
