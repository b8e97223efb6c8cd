// What every receiver over HTTP in tests has in common: it answers POSTs, and what it took is with it before it answers.
// The rule: it behaves as its real counterpart is documented to, and checks what it gets as strictly.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';

export interface Post {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}
export interface FakeReceiver {
  readonly origin: string;
  readonly port: number;
  /** Every POST that came, with what it was answered. */
  readonly posts: readonly (Post & { readonly answer: Answer })[];
  /** Connections are cut at once, as where the process dies. */
  close(): Promise<void>;
}

export async function serveReceiver(answer: (post: Post) => Answer | Promise<Answer>, port = 0): Promise<FakeReceiver> {
  const posts: (Post & { answer: Answer })[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(Buffer.from(chunk as Buffer));
    } catch {
      return;
    }
    const post = { url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) };
    const given = request.method === 'POST' ? await answer(post) : { status: 405 };
    posts.push({ ...post, answer: given });
    response.writeHead(given.status, given.headers).end(given.body);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    origin: `http://127.0.0.1:${bound}`,
    port: bound,
    posts,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close').catch(() => undefined);
    },
  };
}
