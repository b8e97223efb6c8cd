// What each local server last said beside its messages, kept over the ends of its children: a user asks for it when a server is gone already.
// Rule: bounded per server and in servers; what comes in here was redacted before.
import type { Slug } from '#contract/id.ts';
import { createRing } from './ring.ts';
import type { Ring } from './ring.ts';

const serverLimit = 100;

export interface ServerLogs {
  add(server: Slug, line: string): void;
  /** Oldest first. */
  of(server: Slug): readonly string[];
}

export function createServerLogs(): ServerLogs {
  const rings = new Map<Slug, Ring>();
  return {
    add(server, line) {
      let ring = rings.get(server);
      if (ring === undefined) {
        const oldest = rings.size >= serverLimit ? rings.keys().next().value : undefined;
        if (oldest !== undefined) rings.delete(oldest);
        ring = createRing((text) => text);
        rings.set(server, ring);
      }
      ring.add(line);
    },
    of: (server) => rings.get(server)?.lines() ?? [],
  };
}
