// A long list in pages: each cursor says after which item the list goes on. The rule: a cursor is sealed to its caller, route and method, so that it
// tells nobody anything and nobody can make one; one that does not open, or whose item is gone, is refused and the host lists anew.
import { Fault } from '#contract/error.ts';
import type { Identified } from '../call.ts';
import type { Seal } from './seal.ts';

/** A page ends with the item that reaches this, so that it passes every limit of a message. */
const pageBytes = 1024 * 1024;

export interface Pager {
  /** The page of `items` that the request's cursor asks for. Throws INVALID_PARAMS. */
  page<T extends { readonly name: string; readonly json: Buffer }>(
    request: Identified,
    cursor: unknown,
    items: readonly T[],
  ): { readonly items: readonly T[]; readonly nextCursor: string | undefined };
}

export function createPager(seal: Seal): Pager {
  return {
    page(request, cursor, items) {
      const start = cursor === undefined ? 0 : after(opened(seal, request, cursor), request, items);
      let end = start;
      for (let bytes = 0; end < items.length && bytes < pageBytes; end++) bytes += items[end]?.json.length ?? 0;
      const last = items[end - 1];
      return {
        items: items.slice(start, end),
        nextCursor: end < items.length && last !== undefined ? seal.seal(boundTo(request) + last.name) : undefined,
      };
    },
  };
}

function after(name: string | undefined, request: Identified, items: readonly { readonly name: string }[]): number {
  const index = name === undefined ? -1 : items.findIndex((item) => item.name === name);
  if (index === -1)
    throw new Fault('INVALID_PARAMS', { method: request.method, reason: '"cursor" is not one of this list: begin without one' });
  return index + 1;
}

function opened(seal: Seal, request: Identified, cursor: unknown): string | undefined {
  const text = seal.open(cursor)?.text;
  const bound = boundTo(request);
  return text?.startsWith(bound) ? text.slice(bound.length) : undefined;
}

function boundTo({ caller, target, method }: Identified): string {
  return `${JSON.stringify([caller.user.id, caller.host, target.gateway, target.server ?? '', method])}\n`;
}
