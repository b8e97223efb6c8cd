// What the gateway listens to at one server of 2026-07-28 (subscriptions/listen): one stream for all that its hearers want. What is wanted can't be changed on
// an open stream, so another is opened first and the old one closed after. The rule: what the server did not acknowledge is not promised to anybody.
import { Fault } from '#contract/error.ts';
import type { Slug } from '#contract/id.ts';
import { isObject, type NotificationMessage, type ResponseMessage } from '../mcp/jsonrpc.ts';
import { acknowledgedMethod, type ListenFilter, listenMethod, subscriptionOf } from '../mcp/news.ts';

/** How a stream is opened at this server. */
export interface ListenWay {
  /** Nothing is told after `close`, which ends the stream at the server too. `close` may be called at any time, and again. */
  open(filter: ListenFilter, told: ListenTold): { close(): void };
}
export interface ListenTold {
  /** Once, before any news. */
  onAcknowledged(honored: ListenFilter): void;
  /** News, where it comes on this stream and not beside everything else. */
  onNews(body: Buffer, message: NotificationMessage): void;
  /** It is over. `fault` METHOD_UNKNOWN: the server has no such thing, and will not have it for being asked again. */
  onOver(fault: Fault): void;
}
interface Open {
  readonly filter: ListenFilter;
  readonly honored: ListenFilter;
  close(): void;
}

const acknowledgedWithinMs = 10_000;
const nothing: ListenFilter = { lists: [], uris: [], tasks: [] };

export class ListenStream {
  readonly #server: Slug;
  readonly #way: ListenWay;
  readonly #onNews: ListenTold['onNews'];
  readonly #onLost: (fault: Fault) => void;
  #wanted: ListenFilter = nothing;
  #current: Open | undefined;
  #opening: Promise<void> | undefined;
  #pending: { close(): void } | undefined;
  #isClosed = false;

  /** `onLost`: a stream that stood ended, and not by `close`. */
  constructor(server: Slug, way: ListenWay, onNews: ListenTold['onNews'], onLost: (fault: Fault) => void) {
    this.#server = server;
    this.#way = way;
    this.#onNews = onNews;
    this.#onLost = onLost;
  }

  /** What the server honors once it was told of this, instead of what was wanted before. Rejects with the Fault for which it was not. */
  async want(filter: ListenFilter): Promise<ListenFilter> {
    this.#wanted = filter;
    this.#opening ??= this.#follow().finally(() => (this.#opening = undefined));
    await this.#opening;
    return this.#current?.honored ?? nothing;
  }

  /** Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#pending?.close();
    this.#current?.close();
    this.#current = undefined;
  }

  /** Opens streams until one is of what is wanted: what is asked for meanwhile, or in the same tick, goes into one. */
  async #follow(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (!this.#isClosed && !isSame(this.#current?.filter ?? nothing, this.#wanted)) {
      if (isSame(this.#wanted, nothing)) {
        this.#current?.close();
        this.#current = undefined;
        return;
      }
      const opened = await this.#open(this.#wanted);
      this.#current?.close();
      this.#current = opened;
    }
  }

  #open(filter: ListenFilter): Promise<Open> {
    return new Promise((resolve, reject) => {
      let opened: Open | undefined;
      const fail = (fault: Fault) => {
        clearTimeout(timer);
        running.close();
        reject(fault);
      };
      const timer = setTimeout(() => fail(late(this.#server)), acknowledgedWithinMs);
      const running = this.#way.open(filter, {
        onAcknowledged: (honored) => {
          if (opened) return;
          clearTimeout(timer);
          opened = { filter, honored, close: () => running.close() };
          resolve(opened);
        },
        onNews: this.#onNews,
        onOver: (fault) => {
          if (opened === undefined) return fail(fault);
          if (this.#current !== opened) return;
          this.#current = undefined;
          if (!this.#isClosed) this.#onLost(fault);
        },
      });
      this.#pending = { close: () => fail(new Fault('CANCELLED')) };
    });
  }
}

function isSame(a: ListenFilter, b: ListenFilter): boolean {
  const same = (one: readonly string[], other: readonly string[]) =>
    one.length === other.length && one.every((item) => other.includes(item));
  return same(a.lists, b.lists) && same(a.uris, b.uris) && same(a.tasks, b.tasks);
}

function late(server: Slug): Fault {
  return new Fault('SERVER_TIMEOUT', { server, seconds: acknowledgedWithinMs / 1000, meanwhile: '' });
}

/** The listen that a notification is of, or that the server ends by it (2026-07-28, basic/utilities/cancellation: on stdio it may). */
export function listenIdOf(message: NotificationMessage): unknown {
  if (message.method === 'notifications/cancelled') return message.params.value['requestId'];
  return message.method === acknowledgedMethod ? subscriptionOf(message) : undefined;
}

/** What the end of a listen says: that the server has no such thing, or that it is over for now. */
export function listenFault(server: Slug, message: NotificationMessage | ResponseMessage): Fault {
  if (message.kind === 'notification' || !message.error) return new Fault('UPSTREAM_LOST', { server });
  const code = isObject(message.value) ? message.value['code'] : undefined;
  return code === -32601
    ? new Fault('METHOD_UNKNOWN', { method: listenMethod })
    : new Fault('SERVER_GARBAGE', { server, reason: `it answered ${listenMethod} with an error` });
}
