// Parameters that a modern server wants mirrored in headers (`x-mcp-header`, specification 2026-07-28, basic/transports/streamable-http): the gateway is
// its HTTP client, so it writes them, from the body that it sends and from nothing that a host's headers said. What it knows comes from the last list.
import { isObject } from '../mcp/jsonrpc.ts';
import { isMirroredAsAllowed, type Mirrored, mirroredOf, paramHeadersFor } from '../mcp/param-header.ts';
import type { ListedItem } from './upstream.ts';

export interface MirroredTools {
  /** Takes in a server's list of tools; without those whose annotation no client may follow. */
  learn(place: string, tools: readonly ListedItem[]): readonly ListedItem[];
  /** For a call of a tool with these arguments, by lower-case name. */
  headersFor(place: string, tool: string, args: unknown): Readonly<Record<string, string>>;
}

const placeLimit = 10_000;
const none: Readonly<Record<string, string>> = {};

export function createMirroredTools(onDropped: () => void): MirroredTools {
  const places = new Map<string, ReadonlyMap<string, readonly Mirrored[]>>();
  return {
    learn(place, tools) {
      const marked = new Map<string, readonly Mirrored[]>();
      const shown = tools.filter(({ name, json }) => {
        if (!json.includes('x-mcp-header')) return true;
        const tool: unknown = JSON.parse(json.toString('utf8'));
        const isAllowed = isMirroredAsAllowed(tool);
        if (isAllowed) marked.set(name, mirroredOf(tool));
        else onDropped();
        return isAllowed;
      });
      if (places.size >= placeLimit) places.clear();
      if (marked.size > 0) places.set(place, marked);
      else places.delete(place);
      return shown;
    },
    headersFor(place, tool, args) {
      const mirrored = places.get(place)?.get(tool);
      return mirrored && isObject(args) ? paramHeadersFor(mirrored, args) : none;
    },
  };
}
