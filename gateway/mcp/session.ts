// MCP sessions of legacy hosts over HTTP (2025-11-25, basic/transports: Mcp-Session-Id). A session belongs to one user, host, gateway and route,
// so a stolen id is of no use to another token. Bounded per user and in time; ending one ends its local servers.
import { randomBytes } from 'node:crypto';
import { Fault } from '#contract/error.ts';
import type { Caller, Received } from '../call.ts';
import { UnderWay } from './under-way.ts';

export interface McpSession {
  readonly id: string;
  readonly owner: string;
  /** Requests under way, so that notifications/cancelled can end them. */
  readonly underWay: UnderWay<string, AbortController>;
  lastUsedAt: number;
}
export interface McpSessions {
  /** Opens a session. Throws SESSION_LIMIT. */
  open(caller: Caller, target: Received['target']): McpSession;
  /** The caller's session. Throws SESSION_REQUIRED or SESSION_UNKNOWN; another's session is unknown. */
  find(id: string | undefined, caller: Caller, target: Received['target']): McpSession;
  end(session: McpSession): void;
  count(): number;
  close(): void;
}

export function createMcpSessions(deps: {
  now: () => number;
  onEnd: (id: string) => void;
  limitPerUser?: number;
  idleMs?: number;
}): McpSessions {
  const limitPerUser = deps.limitPerUser ?? 500;
  const idleMs = deps.idleMs ?? 1_800_000;
  const sessions = new Map<string, McpSession>();
  const perUser = new Map<string, number>();
  const sweep = setInterval(() => {
    for (const session of sessions.values())
      if (session.underWay.size === 0 && deps.now() - session.lastUsedAt > idleMs) end(session);
  }, 30_000).unref();

  const userOf = (owner: string): string => owner.slice(0, owner.indexOf('\n'));

  function end(session: McpSession): void {
    if (!sessions.delete(session.id)) return;
    const user = userOf(session.owner);
    const left = (perUser.get(user) ?? 1) - 1;
    if (left > 0) perUser.set(user, left);
    else perUser.delete(user);
    for (const controller of session.underWay.values()) controller.abort();
    deps.onEnd(session.id);
  }

  return {
    open(caller, target) {
      const owner = ownerOf(caller, target);
      const open = perUser.get(userOf(owner)) ?? 0;
      if (open >= limitPerUser) throw new Fault('SESSION_LIMIT');
      perUser.set(userOf(owner), open + 1);
      const session: McpSession = {
        id: randomBytes(24).toString('base64url'),
        owner,
        underWay: new UnderWay(),
        lastUsedAt: deps.now(),
      };
      sessions.set(session.id, session);
      return session;
    },
    find(id, caller, target) {
      if (id === undefined) throw new Fault('SESSION_REQUIRED');
      const session = sessions.get(id);
      if (!session || session.owner !== ownerOf(caller, target)) throw new Fault('SESSION_UNKNOWN');
      session.lastUsedAt = deps.now();
      return session;
    },
    end,
    count: () => sessions.size,
    close() {
      clearInterval(sweep);
      for (const session of [...sessions.values()]) end(session);
    },
  };
}

function ownerOf(caller: Caller, target: Received['target']): string {
  return [caller.user.id, caller.host, target.gateway, target.server ?? ''].join('\n');
}
