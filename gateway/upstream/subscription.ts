// Which hearers of one server are subscribed to which of its resources (2025-11-25, server/resources: subscriptions), or tasks. The server is told of the first
// one and of the last: what happens between is nobody's business but ours.
import { Fault } from '#contract/error.ts';
import type { Hearer } from '../call.ts';

const limit = 1000;

export class Subscriptions {
  readonly #byUri = new Map<string, Set<Hearer>>();

  get size(): number {
    return this.#byUri.size;
  }

  /** For so many more. */
  get room(): number {
    return limit - this.#byUri.size;
  }

  uris(): readonly string[] {
    return [...this.#byUri.keys()];
  }

  /** Throws BUSY where there are too many. */
  add(uri: string, hearer: Hearer): void {
    const subscribed = this.#byUri.get(uri);
    if (subscribed) return void subscribed.add(hearer);
    if (this.#byUri.size >= limit) throw new Fault('BUSY', { what: 'subscriptions to this server' });
    this.#byUri.set(uri, new Set([hearer]));
  }

  /** Returns whether nobody is left. */
  delete(uri: string, hearer: Hearer): boolean {
    const subscribed = this.#byUri.get(uri);
    subscribed?.delete(hearer);
    if (subscribed && subscribed.size > 0) return false;
    this.#byUri.delete(uri);
    return true;
  }

  /** It hears no more. Returns the URIs to which nobody is left. */
  leave(hearer: Hearer): readonly string[] {
    const uris = [...this.#byUri].flatMap(([uri, subscribed]) => (subscribed.has(hearer) ? [uri] : []));
    return uris.filter((uri) => this.delete(uri, hearer));
  }

  /** Who wants exactly this. */
  to(uri: string): readonly Hearer[] {
    return [...(this.#byUri.get(uri) ?? [])];
  }

  /** Who hears of a change, and by which URI: whoever subscribed to the resource, or to one that it is a part of. */
  of(updated: string): ReadonlyMap<Hearer, string> {
    const hearers = new Map<Hearer, string>();
    for (const hearer of this.#byUri.get(updated) ?? []) hearers.set(hearer, updated);
    for (const [uri, subscribed] of this.#byUri)
      if (isPartOf(updated, uri)) for (const hearer of subscribed) if (!hearers.has(hearer)) hearers.set(hearer, uri);
    return hearers;
  }
}

function isPartOf(part: string, whole: string): boolean {
  return part.startsWith(whole) && (whole.endsWith('/') || /^[/?#]/.test(part.slice(whole.length)));
}
