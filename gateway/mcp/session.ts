// MCP sessions of legacy hosts over HTTP (2025-11-25, basic/transports: Mcp-Session-Id). A session belongs to one user, host, gateway and route,
// so a stolen id is of no use to another token. Bounded per user and in time; ending one ends its local servers, its streams and what was asked on them.
import { randomBytes } from 'node:crypto';
import { Fault } from '#contract/error.ts';
import type { UserId } from '#contract/id.ts';
import type { Abilities, Caller, Conversation, LogLevel, Received } from '../call.ts';
import { type EventBudget, EventLog } from './event-log.ts';
import { Questions } from './questions.ts';
import { HostStream } from './stream.ts';
import { TaskNames } from './task-name.ts';
import { UnderWay } from './under-way.ts';

/** Of all sessions together: what they keep for hosts that come back. */
const keptLimitBytes = 64 * 1024 * 1024;
/** Streams of POSTs that a session remembers: the oldest that are over go first. */
const streamLimit = 64;
/** The stream that belongs to no call. */
const standing = 0;

/** A user at a host, on one route. */
interface Owner {
  readonly user: UserId;
  readonly host: string;
  readonly target: Received['target'];
}

export class McpSession implements Conversation {
  readonly id = randomBytes(24).toString('base64url');
  readonly owner: Owner;
  /** What its host said at initialize that it can be asked. */
  readonly abilities: Abilities;
  /** Requests under way, so that notifications/cancelled can end them. */
  readonly underWay = new UnderWay<string, AbortController>();
  /** The revision that initialize agreed on. */
  version: string | undefined;
  logLevel: LogLevel | undefined;
  lastUsedAt: number;
  readonly #budget: EventBudget;
  readonly tasks = new TaskNames();
  // Most sessions never stream, so these are made when they are needed.
  #log: EventLog | undefined;
  #questions: Questions | undefined;
  #streams: Map<number, HostStream> | undefined;
  #nextStream = standing + 1;
  #isOver = false;

  constructor(owner: Owner, abilities: Abilities, budget: EventBudget, now: number) {
    this.owner = owner;
    this.abilities = abilities;
    this.#budget = budget;
    this.lastUsedAt = now;
  }

  get questions(): Questions {
    this.#questions ??= new Questions();
    if (this.#isOver) this.#questions.end();
    return this.#questions;
  }

  /** Does nobody need it now? */
  get isIdle(): boolean {
    return this.underWay.size === 0 && !this.isThere;
  }
  get isOver(): boolean {
    return this.#isOver;
  }
  get isThere(): boolean {
    return this.#streams?.get(standing)?.hasReader === true;
  }

  /** The stream for what belongs to no call. */
  get standing(): HostStream {
    return this.#streams?.get(standing) ?? this.#add(standing);
  }

  tell(notification: Buffer): void {
    this.standing.send(notification, false);
  }

  /** A new stream for the answer to one POST. */
  openStream(): HostStream {
    const over = [...(this.#streams?.values() ?? [])].filter(({ isOver }) => isOver);
    if (over.length >= streamLimit) for (const { number } of over.slice(0, over.length - streamLimit + 1)) this.#forget(number);
    return this.#add(this.#nextStream++);
  }

  stream(number: number): HostStream | undefined {
    return number === standing ? this.standing : this.#streams?.get(number);
  }

  /** Idempotent. */
  close(): void {
    this.#isOver = true;
    this.#questions?.end();
    for (const controller of this.underWay.values()) controller.abort();
    for (const stream of this.#streams?.values() ?? []) stream.close();
    this.#streams?.clear();
    this.#log?.close();
  }

  #add(number: number): HostStream {
    this.#log ??= new EventLog(this.#budget);
    this.#streams ??= new Map();
    const stream = new HostStream(number, this.#log);
    if (this.#isOver) stream.close();
    else this.#streams.set(number, stream);
    return stream;
  }

  #forget(number: number): void {
    this.#streams?.delete(number);
    this.#log?.forget(number);
  }
}
export interface McpSessions {
  /** Opens a session. Throws SESSION_LIMIT. */
  open(caller: Caller, target: Received['target'], abilities: Abilities): McpSession;
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
  const perUser = new Map<UserId, number>();
  const budget: EventBudget = { bytes: 0, limitBytes: keptLimitBytes };
  const sweep = setInterval(() => {
    const now = deps.now();
    for (const session of sessions.values()) {
      if (!session.isIdle) session.lastUsedAt = now;
      else if (now - session.lastUsedAt > idleMs) end(session);
    }
  }, 30_000).unref();

  function end(session: McpSession): void {
    if (!sessions.delete(session.id)) return;
    const { user } = session.owner;
    const left = (perUser.get(user) ?? 1) - 1;
    if (left > 0) perUser.set(user, left);
    else perUser.delete(user);
    session.close();
    deps.onEnd(session.id);
  }

  return {
    open(caller, target, abilities) {
      const user = caller.user.id;
      const open = perUser.get(user) ?? 0;
      if (open >= limitPerUser) throw new Fault('SESSION_LIMIT');
      perUser.set(user, open + 1);
      const session = new McpSession({ user, host: caller.host, target }, abilities, budget, deps.now());
      sessions.set(session.id, session);
      return session;
    },
    find(id, caller, target) {
      if (id === undefined) throw new Fault('SESSION_REQUIRED');
      const session = sessions.get(id);
      if (!session || !isOwner(session.owner, caller, target)) throw new Fault('SESSION_UNKNOWN');
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

/** Each for itself: a text of them all would be made for every request. */
function isOwner({ user, host, target }: Owner, caller: Caller, { gateway, server }: Received['target']): boolean {
  return user === caller.user.id && host === caller.host && target.gateway === gateway && target.server === server;
}
