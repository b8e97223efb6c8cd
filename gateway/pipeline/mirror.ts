// Are the headers that mirror parameters of a tool (Mcp-Param-…) what the call's arguments say? The tool's own definition tells which those are, so the
// list that the caller was given last is looked at; only where a host sends such headers is the server asked for a list that is not known.
// The rule: nothing is forwarded whose headers contradict its body.
import { Fault } from '#contract/error.ts';
import type { AllowedListing, Identified } from '../call.ts';
import { features } from '../mcp/feature.ts';
import type { RequestMessage } from '../mcp/jsonrpc.ts';
import { checkParamHeaders, type Mirrored, mirroredOf } from '../mcp/param-header.ts';
import type { ListedItem } from '../upstream/upstream.ts';
import type { KnownLists } from './known-list.ts';

export interface Mirrors {
  /** Throws or rejects with HEADER_MISMATCH, or as the listing does. A promise only where the server has to be asked. */
  check(
    request: Identified,
    message: RequestMessage,
    tool: string,
    listing: AllowedListing | Fault,
    signal: AbortSignal,
  ): Promise<void> | undefined;
}

export function createMirrors(lists: KnownLists): Mirrors {
  /** Of each list that was looked at: the tools with such parameters. */
  const known = new WeakMap<readonly ListedItem[], ReadonlyMap<string, readonly Mirrored[]>>();

  function mirroredIn(items: readonly ListedItem[]): ReadonlyMap<string, readonly Mirrored[]> {
    let tools = known.get(items);
    if (!tools) {
      const marked = items.filter(({ json }) => json.includes('x-mcp-header'));
      tools = new Map(marked.map(({ name, json }) => [name, mirroredOf(JSON.parse(json.toString('utf8')))]));
      known.set(items, tools);
    }
    return tools;
  }

  return {
    check({ paramHeaders }, message, tool, listing, signal) {
      if (listing instanceof Fault) throw listing;
      const compare = (items: readonly ListedItem[]): void => {
        const mirrored = mirroredIn(items).get(tool);
        if (mirrored) checkParamHeaders(mirrored, message.params.value['arguments'], paramHeaders ?? none);
      };
      const last = lists.last(listing, features.tools);
      if (last) compare(last);
      else if (paramHeaders) return lists.recent(listing, features.tools, {}, signal).then(compare);
      return undefined;
    },
  };
}

const none: ReadonlyMap<string, string> = new Map();
