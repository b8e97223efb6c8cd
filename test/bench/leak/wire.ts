// One HTTP request of a host that may hang up in the middle: Node's own client, whose connections all end when they are told to, unlike those of fetch.
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Sent {
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** When to hang up: as soon as it is sent, at the head of the answer, or at its first bytes. Absent: not at all. */
  readonly hangUp?: 'sent' | 'head' | 'begun';
}

export interface Got {
  readonly status: number;
  readonly sessionId: string | undefined;
  /** Empty where the host hung up. */
  readonly body: string;
}

const answerMs = 60_000;
const nothing: Got = { status: 0, sessionId: undefined, body: '' };

export class Line {
  #agent = new Agent({ keepAlive: true });

  send({ method, url, headers, body, hangUp }: Sent): Promise<Got> {
    const { promise, resolve, reject } = Promise.withResolvers<Got>();
    // Who hangs up needs a connection of its own: that of another request must live on.
    const asked = request(url, { method, headers, agent: hangUp === undefined ? this.#agent : false, timeout: answerMs });
    const cut = (got: Got): void => {
      resolve(got);
      asked.destroy();
    };
    asked.on('error', reject);
    asked.on('timeout', () => asked.destroy(new Error(`${method} ${url}: no answer within ${answerMs / 1000} s`)));
    asked.on('response', (response) => {
      const { statusCode: status = 0, headers: of } = response;
      const sessionId = of['mcp-session-id'];
      response.on('error', () => undefined);
      const got = { status, sessionId: typeof sessionId === 'string' ? sessionId : undefined, body: '' };
      if (hangUp === 'head') return cut(got);
      if (hangUp === 'begun' && status === 200) return void response.once('data', () => cut(got));
      text(response).then((all) => resolve({ ...got, body: all }), reject);
    });
    asked.end(body, () => hangUp === 'sent' && cut(nothing));
    return promise;
  }

  /** Ends the connections that nobody uses. */
  rest(): void {
    this.#agent.destroy();
    this.#agent = new Agent({ keepAlive: true });
  }
}
