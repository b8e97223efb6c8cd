// The tasks that one subscriptions/listen named (the extension io.modelcontextprotocol/tasks: notifications/tasks). That a server says a task moved is a reason to
// look, and no more. The rule: what is told of it is what tasks/get answers at that moment, decided, inspected and on record as if the host had asked.
import { Fault } from '#contract/error.ts';
import type { Slug } from '#contract/id.ts';
import type { AllowedCall, Assignment } from '../call.ts';
import { taskMoved } from '../mcp/news.ts';
import type { Span } from '../mcp/span.ts';
import type { Following } from '../upstream/upstream.ts';
import { within } from '../upstream/within.ts';

export interface TaskWatchTerms {
  /** The server is heard from now on; undefined where it may not be. */
  readonly uses: (assignment: Assignment) => Following | undefined;
  /** The answer to tasks/get for this host's own id, and where the task stands in it; undefined where it may not be seen, or has gone. Never rejects. */
  readonly look: (shown: string, signal: AbortSignal) => Promise<{ readonly body: Buffer; readonly result: Span } | undefined>;
  /** By the policy of now. */
  readonly mayBeSeen: (call: AllowedCall) => boolean;
  readonly tell: (notification: Buffer) => void;
  /** The listen that they are of, as JSON text. */
  readonly subscription: string;
}
interface Watched {
  readonly shown: string;
  /** As it was allowed when it was asked for. */
  readonly call: AllowedCall;
  /** It is looked at, and was said to have moved since that began. */
  looking: { isStale: boolean } | undefined;
}

/** A server that does not answer sooner is asked when it is back. */
const watchWithinMs = 5000;
/** Between two looks at one task, each of which is a request and a record: a server may say as often as it likes that it moved. */
const lookAgainMs = 500;

/** What a server says that does no such thing as telling news, or not so many times. */
export const unheard: ReadonlySet<string> = new Set(['METHOD_UNKNOWN', 'BUSY', 'UPSTREAM_BUSY']);

export class TaskWatch {
  readonly #terms: TaskWatchTerms;
  /** By the server, and by its own id. */
  readonly #watched = new Map<Slug, Map<string, Watched>>();
  readonly #over = new AbortController();

  constructor(terms: TaskWatchTerms) {
    this.#terms = terms;
  }

  /** Those of which this server says when they move; of one that is away it is asked when it is back. */
  async watchAll(calls: readonly AllowedCall[], signal: AbortSignal): Promise<ReadonlySet<AllowedCall>> {
    const refused = new Set<AllowedCall>();
    // All at once, so that one stream serves them.
    for (const call of calls) this.#keep(call);
    const one = async (call: AllowedCall): Promise<void> => {
      try {
        const following = this.#terms.uses(call.assignment);
        if (!following || !call.task) throw new Fault('METHOD_UNKNOWN', { method: call.method });
        await within(following.watch(call.task.own, signal), watchWithinMs, () => new Fault('CANCELLED'), signal);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        // Its server is away or slow: it is still wanted.
        if (unheard.has(error.code)) refused.add(call);
      }
    };
    await Promise.all(calls.map(one));
    for (const { assignment, task } of refused) this.#drop(assignment.server.slug, task?.own ?? '');
    return new Set(calls.filter((call) => !refused.has(call)));
  }

  /** Of this server, by its own ids. */
  of(server: Slug): readonly string[] {
    return [...(this.#watched.get(server)?.keys() ?? [])];
  }

  moved(server: Slug, own: string): void {
    const watched = this.#watched.get(server)?.get(own);
    if (!watched) return;
    if (watched.looking) watched.looking.isStale = true;
    else void this.#look(server, own, watched);
  }

  /** The policy changed. Returns those that may not be seen any more, of a server by its own ids. */
  review(): readonly (readonly [Slug, string])[] {
    const all = [...this.#watched].flatMap(([server, tasks]) => [...tasks].map((task) => [server, ...task] as const));
    const left = all.filter(([, , { call }]) => !this.#terms.mayBeSeen(call));
    for (const [server, own] of left) this.#drop(server, own);
    return left.map(([server, own]) => [server, own]);
  }

  /** Idempotent. */
  end(): void {
    this.#over.abort();
    this.#watched.clear();
  }

  /** Never rejects. */
  async #look(server: Slug, own: string, watched: Watched): Promise<void> {
    const looking = { isStale: false };
    watched.looking = looking;
    const { signal } = this.#over;
    const isWanted = () => !signal.aborted && this.#watched.get(server)?.get(own) === watched;
    try {
      const task = await this.#terms.look(watched.shown, signal);
      if (task && isWanted()) this.#terms.tell(taskMoved(task.body, task.result, this.#terms.subscription));
    } finally {
      const again = () => {
        watched.looking = undefined;
        if (looking.isStale && isWanted()) void this.#look(server, own, watched);
      };
      if (isWanted()) setTimeout(again, lookAgainMs).unref();
    }
  }

  #keep(call: AllowedCall): void {
    const { task } = call;
    const { slug } = call.assignment.server;
    const kept = this.#watched.get(slug) ?? new Map<string, Watched>();
    if (task) this.#watched.set(slug, kept.set(task.own, { shown: task.shown, call, looking: undefined }));
  }

  #drop(server: Slug, own: string): void {
    const kept = this.#watched.get(server);
    if (kept?.delete(own) && kept.size === 0) this.#watched.delete(server);
  }
}
