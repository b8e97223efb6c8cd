// The ids of the host's requests that have no answer yet, and the words of an answer that the shim gives itself.
// Rule: bounded; where a host leaves more open than that, the oldest is forgotten.
import type { ShimFault } from './link.ts';
import type { ScannedLine } from './scan.ts';

const pendingLimit = 10_000;

export interface Pending {
  readonly size: number;
  fromHost(line: ScannedLine): void;
  toHost(line: ScannedLine): void;
  /** All ids, the oldest first; none is pending afterwards. */
  takeAll(): readonly string[];
}

export function createPending(): Pending {
  const ids = new Set<string>();
  return {
    get size() {
      return ids.size;
    },
    fromHost({ id, method }) {
      if (id === undefined || method === undefined) return;
      ids.add(id);
      if (ids.size <= pendingLimit) return;
      const [oldest] = ids;
      if (oldest !== undefined) ids.delete(oldest);
    },
    toHost({ id, isResponse }) {
      if (id !== undefined && isResponse) ids.delete(id);
    },
    takeAll() {
      const all = [...ids];
      ids.clear();
      return all;
    },
  };
}

/** The JSON-RPC error for a request, in the shape of the gateway's own. `id` is its JSON text. */
export function errorLine(id: string, { rpc, message, code, retry }: ShimFault): string {
  const error = JSON.stringify({ code: rpc, message, data: { code, retry } });
  return `{"jsonrpc":"2.0","id":${id},"error":${error}}\n`;
}
