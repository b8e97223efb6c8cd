// Which conversations of one session are subscribed to which resources (2025-11-25, server/resources: subscriptions). The server is told of the first
// one and of the last: what happens between is nobody's business but ours.
import { Fault } from '#contract/error.ts';

const limit = 1000;

export class Subscriptions {
  readonly #byUri = new Map<string, Set<string>>();

  get size(): number {
    return this.#byUri.size;
  }

  /** Throws BUSY where there are too many. */
  add(uri: string, conversation: string): void {
    const subscribed = this.#byUri.get(uri);
    if (subscribed) return void subscribed.add(conversation);
    if (this.#byUri.size >= limit) throw new Fault('BUSY', { what: 'subscriptions to this server' });
    this.#byUri.set(uri, new Set([conversation]));
  }

  /** Returns whether nobody is left. */
  delete(uri: string, conversation: string): boolean {
    const subscribed = this.#byUri.get(uri);
    subscribed?.delete(conversation);
    if (subscribed && subscribed.size > 0) return false;
    this.#byUri.delete(uri);
    return true;
  }

  /** The conversation is over. Returns the URIs to which nobody is left. */
  leave(conversation: string): readonly string[] {
    const uris = [...this.#byUri].flatMap(([uri, subscribed]) => (subscribed.has(conversation) ? [uri] : []));
    return uris.filter((uri) => this.delete(uri, conversation));
  }

  /** Who hears of a change: whoever subscribed to the resource, or to one that it is a part of. */
  of(updated: string): readonly string[] {
    const hearers = new Set(this.#byUri.get(updated));
    for (const [uri, subscribed] of this.#byUri)
      if (isPartOf(updated, uri)) for (const conversation of subscribed) hearers.add(conversation);
    return [...hearers];
  }
}

function isPartOf(part: string, whole: string): boolean {
  return part.startsWith(whole) && (whole.endsWith('/') || /^[/?#]/.test(part.slice(whole.length)));
}
