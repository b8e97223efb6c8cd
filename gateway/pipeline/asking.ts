// Lists that servers are asked for by whoever waits for them, and that may come after all of those were answered. The rule: one goes on as long as somebody waits
// for it, or was answered without it and is still there.
import type { Identified } from '../call.ts';
import type { ListedItem } from '../upstream/upstream.ts';

type Items = readonly ListedItem[];
type Ask = (signal: AbortSignal) => Promise<Items>;

export class Asking {
  readonly beganAt = performance.now();
  readonly items: Promise<Items>;
  readonly #end = new AbortController();
  #waiting = 0;
  #isOwed = false;
  #isReleased = false;

  constructor(ask: Ask) {
    this.items = ask(this.#end.signal);
  }

  get isEnded(): boolean {
    return this.#end.signal.aborted;
  }

  /** Somebody was answered without it. */
  get isOwed(): boolean {
    return this.#isOwed;
  }

  /** Somebody waits for it, until they leave. */
  join(): void {
    this.#waiting++;
  }

  leave(): void {
    this.#waiting--;
    this.#review();
  }

  /** Somebody is answered without it. Returns whether they are the first. */
  owe(): boolean {
    const isFirst = !this.#isOwed;
    this.#isOwed = true;
    return isFirst;
  }

  /** Whoever was answered without it is gone. */
  release(): void {
    this.#isReleased = true;
    this.#review();
  }

  #review(): void {
    if (this.#waiting === 0 && (this.#isReleased || !this.#isOwed)) this.#end.abort();
  }
}

export class Askings {
  /** Those that are not over, the newest last: of each conversation, by list. */
  readonly #of = new Map<Identified['conversation'], Map<string, readonly Asking[]>>();

  /** Those of which something may still come, the newest last. */
  find(conversation: Identified['conversation'], list: string): readonly Asking[] {
    return (
      this.#of
        .get(conversation)
        ?.get(list)
        ?.filter(({ isEnded }) => !isEnded) ?? []
    );
  }

  begin(conversation: Identified['conversation'], list: string, ask: Ask): Asking {
    const one = new Asking(ask);
    const lists = this.#of.get(conversation) ?? new Map<string, readonly Asking[]>();
    this.#of.set(conversation, lists);
    lists.set(list, [...(lists.get(list) ?? []), one]);
    const over = () => {
      const left = lists.get(list)?.filter((other) => other !== one) ?? [];
      if (left.length > 0) lists.set(list, left);
      else lists.delete(list);
      if (lists.size === 0) this.#of.delete(conversation);
    };
    one.items.then(over, over);
    return one;
  }

  /** The conversation is over: nothing is owed to it any more. */
  release(conversation: Identified['conversation']): void {
    for (const askings of this.#of.get(conversation)?.values() ?? []) for (const one of askings) one.release();
  }

  close(): void {
    for (const conversation of this.#of.keys()) this.release(conversation);
  }
}
