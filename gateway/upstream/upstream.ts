// Where an allowed call goes. An implementer promises: a call is sent at most once and never replayed; it settles within its deadline;
// an aborted signal tells the far end; `forwardedAt` is set only if the message was handed over.
import type { NotificationMessage, RequestMessage, ResponseMessage } from '../mcp/jsonrpc.ts';
import type { AllowedCall, AllowedListing, Destination, Hearer, HostNews, Identified, ListKind } from '../call.ts';
import type { Exposed, Feature } from '../mcp/feature.ts';

/** What came back: the upstream's bytes, and their envelope. */
export interface Reply {
  readonly body: Buffer;
  readonly message: ResponseMessage;
}
/** Filled in as the call goes on, also where it fails later. Times are `performance.now()`. */
export interface Trace {
  destination?: Destination;
  /** As whom a remote server was called; `id` null where there is no such identity. */
  identity?: { readonly kind: 'own' | 'shared'; readonly id: string | null };
  forwardedAt?: number;
  answeredAt?: number;
}

/** In whose course a server says something beside an answer, or to which conversation. */
export type Told = Pick<AllowedCall, 'caller' | 'assignment' | 'method' | 'era' | 'hits' | 'flow' | 'task'> & {
  readonly item: AllowedCall['item'] | undefined;
};
/** What a server says beside answers goes through this; what may not go on is dropped. `foreign`: it is this method, which MCP does not know. Never throws. */
export type Screening = (of: Told, body: Buffer, tell: (body: Buffer) => void, on?: 'response', foreign?: Exposed) => void;

/** How a list is asked for, where that is not as ever. */
export interface ListTerms {
  /** What others who are shown the same asked for after this (`performance.now()`) does as well. */
  readonly since?: number | undefined;
  /** How long it may take, the start of the server with it; absent: as long as a call may (`timeoutSeconds`). */
  readonly withinMs?: number;
}

export interface Upstream {
  /** Sends the host's request, with the upstream's own name of the item; what the server says meanwhile goes to `call.audience`. Rejects with a Fault. */
  call(call: AllowedCall, request: RequestMessage, trace: Trace, signal: AbortSignal): Promise<Reply>;
  /** Hands over a host's notification as it came. Rejects with a Fault where it was not taken. */
  tell(call: AllowedCall, notification: NotificationMessage, trace: Trace, signal: AbortSignal): Promise<void>;
  /**
   * All pages of the assignment's items of one kind, as the upstream's raw JSON objects; empty where it has no such items. Rejects with a Fault.
   */
  list(
    listing: AllowedListing,
    feature: Feature,
    trace: Trace,
    signal: AbortSignal,
    terms?: ListTerms,
  ): Promise<readonly ListedItem[]>;
  /** Begins a session, so that it is known what the server says of itself. Rejects with a Fault. */
  meet(listing: AllowedListing, signal: AbortSignal, withinMs: number): Promise<void>;
  /** What the server said of itself when it last began a session for such a caller; undefined where it is not known. Starts and asks nothing. */
  about(listing: AllowedListing): About | undefined;
  /**
   * From now on the hearer hears what this server says beside answers, until it is closed; opens what that needs. Also where the server is lost and comes back.
   * `isAgain`: it heard of it before, by another way, and may have missed something. Never throws.
   */
  follow(listing: AllowedListing, hearer: Hearer, isAgain?: boolean): Following;
  /** Passes on what the host of a conversation says to all its servers. */
  hear(conversation: Identified['conversation'], news: HostNews): void;
  /** Ends what was opened for a conversation that is over. */
  release(conversation: Identified['conversation']): void;
  close(): Promise<void>;
}

/** That a hearer hears of one server. */
export interface Following {
  /** It hears, or is about to: there is nothing to do for it. */
  readonly isSettled: boolean;
  /** The same by a newer policy, or because the host uses the server: tried again where it does not hear. */
  refresh(listing: AllowedListing, isUsed: boolean): void;
  /**
   * resources/subscribe, or its opposite, of one of the server's own URIs; made again where the server is lost and comes back, as long as the hearer says that it
   * is subscribed. `ask` sends the request of a legacy host to a legacy server. Rejects as a call does, METHOD_UNKNOWN where the server does not do such.
   */
  subscribe(uri: string, isOn: boolean, trace: Trace, signal: AbortSignal, ask?: () => Promise<Reply>): Promise<Reply>;
  /** From now on the server says when this task moves, also after it was lost. Rejects with METHOD_UNKNOWN where it does not do such, and as a call does. */
  watch(task: string, signal: AbortSignal): Promise<void>;
  unwatch(task: string): void;
  /** Idempotent. */
  close(): void;
}

/** What a server says in its answer to initialize or server/discover. */
export interface About {
  readonly instructions: string | undefined;
  /** Names of the capabilities that it declares. */
  readonly capabilities: ReadonlySet<string>;
  /** The lists of which it says when they change, and whether it says so of single resources. */
  readonly listChanged: readonly ListKind[];
  readonly isSubscribable: boolean;
  /** It knows tasks (the extension of 2026-07-28). */
  readonly hasTasks: boolean;
  /** What it declares of extensions and experiments: JSON text of the members `extensions` and `experimental` of its capabilities; undefined where it declares none, or too many. */
  readonly beyond: string | undefined;
}

export interface ListedItem {
  /** Its name, URI or URI template. */
  readonly name: string;
  /** Its JSON object as the upstream wrote it, and where the value of its name stands in it. */
  readonly json: Buffer;
  readonly nameSpan: { readonly start: number; readonly end: number };
  /** The hash of its definition, where it was looked at. */
  readonly definition?: string;
}
