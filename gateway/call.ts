// A call at each stage of its way, as types: Received -> Identified -> Resolved -> Allowed -> Answered. A stage can't be skipped,
// because the next one is made only from it, and an AllowedCall only by policy/decide.ts.
import type { Hints } from '#contract/condition.ts';
import type { Fault } from '#contract/error.ts';
import type { CaptureMode, PayloadPart } from '#contract/payload.ts';
import type { PinPolicy, PinState } from '#contract/pin.ts';
import type { ExposedKind, ItemKind, RemoteServer } from '#contract/policy.ts';
import type { RuleHit } from '#contract/rule.ts';
import type {
  AssignmentId,
  ConnectionId,
  Fingerprint,
  GatewayId,
  ServerId,
  Slug,
  TokenId,
  UserId,
  WorkstationId,
} from '#contract/id.ts';

export type Era = 'modern' | 'legacy';

/** Who calls: a person, through an AI host, with a host token or through the shim on an enrolled workstation. */
export interface Caller {
  readonly user: { readonly id: UserId; readonly slug: Slug };
  /** The AI host as its token or its channel names it. */
  readonly host: string;
  /** The tools that its person was shown by name and consented to, server by server. Absent: there is no person whom the host could ask. */
  readonly consented?: ReadonlyMap<string, 'all' | ReadonlySet<string>>;
  /** By what it is known (contract/host-identity.ts). Absent: by nothing. */
  readonly client?: string;
  /** The token, or for a host that signed in its connection, whose tokens come and go. Absent for a host that came through the shim: its tunnel is its proof. */
  readonly token: TokenId | ConnectionId | null;
  /** The one gateway that the token is for, or that the channel was opened to. */
  readonly gateway: Slug;
  readonly via: 'http' | 'shim';
  /** The workstation that the call came from, where it came over a tunnel. */
  readonly workstation: WorkstationId | null;
}

/** Whose a token was that counts no more; `user`: null where they are gone. */
export interface Former extends Pick<Caller, 'host' | 'token'> {
  readonly user: Caller['user'] | null;
}

/** What a request asks for, read from its envelope; the body stays bytes. */
export interface Received {
  readonly era: Era;
  readonly method: string;
  /** Where it arrived: the gateway and, on the un-prefixed route, the one server. */
  readonly target: { readonly gateway: Slug; readonly server: Slug | undefined };
  readonly body: Buffer;
  /** The headers that mirror parameters of a tool (Mcp-Param-…), by lower-case name; undefined where there are none. */
  readonly paramHeaders?: ReadonlyMap<string, string> | undefined;
  /** `performance.now()` at arrival, and the wall clock in ms since 1970. */
  readonly arrivedAt: { readonly monotonic: number; readonly wall: number };
}

export interface Identified extends Received {
  readonly caller: Caller;
  /** Keys upstream sessions: the MCP session of a legacy host, or the connection of a modern one. */
  readonly conversation: string;
  /** The host itself, for what a server says beside its answer; absent where nothing can be said to it. */
  readonly audience?: Audience;
}

/** The least urgent first (RFC 5424, as MCP's logging has them). */
export const logLevels = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What a host said that servers may ask of it. */
export interface Abilities {
  readonly roots: boolean;
  readonly sampling: boolean;
  /** Sampling with tools. */
  readonly samplingTools: boolean;
  /** Elicitation by a form, and by an address that the person opens. */
  readonly form: boolean;
  readonly url: boolean;
  /** The same as client capabilities in JSON text: what is declared upstream, and a part of the key of upstream sessions. */
  readonly declared: string;
}

/** Hears what a server says. */
export interface Listener {
  /** The least urgent log message that it wants. Where it did not say, a legacy host gets what its servers send, and a modern one nothing. */
  readonly logLevel: LogLevel | undefined;
  /** One notification. What can't be delivered is dropped. Never throws. */
  tell(notification: Buffer): void;
  /** Of a conversation: the tasks that it began. */
  readonly tasks?: ConversationTasks;
}
/** By the server and its own id, the id that the host knows. */
export interface ConversationTasks {
  set(server: string, own: string, shown: string): void;
  shownOf(server: string, own: string): string | undefined;
  delete(server: string, own: string): void;
  shown(): readonly string[];
}

/** Hears what belongs to a whole conversation and to no call. */
export interface Conversation extends Listener {
  /** It reads what it is told, now. */
  readonly isThere: boolean;
  readonly isOver: boolean;
}

/** What a list_changed is of: resources and their templates share one. */
export type ListKind = 'tools' | 'prompts' | 'resources';

/** A host that hears news of servers: a legacy conversation, or one subscriptions/listen of a modern host. */
export interface Hearer {
  /** It reads what it is told, now: a server that was lost is sought again for it. */
  readonly isThere: boolean;
  /** A server that it follows is kept open for it, also where it calls nothing. */
  readonly keepsOpen: boolean;
  /** The resources of a server that it is subscribed to, by the server's own URIs. */
  subscribed(server: Slug): readonly string[];
  /** A server says that a list of it changed. */
  listChanged(server: Slug, kind: ListKind): void;
  /** A server says that a resource changed that is one of those, or a part of it. `body` is its notification. */
  updated(server: Slug, subscribed: string, body: Buffer): void;
  /** The tasks of a server of 2026-07-28 that it wants to hear of, by the server's own ids. */
  tasks(server: Slug): readonly string[];
  /** A server says that one of those moved. */
  taskMoved(server: Slug, own: string): void;
  /** A server is back that was lost for a while: whatever it would have said was missed. */
  missed(server: Slug): void;
}

/** The host behind a request, made by the edge that the request came in by: what its upstream says beside the answer goes through this. */
export interface Audience extends Listener {
  readonly abilities: Abilities;
  /** Undefined for a modern host: it hears of its calls, and of what it listens to. */
  readonly conversation: Conversation | undefined;
  /** Keeps the answer open for news of the one request that listens; undefined where nothing can be said before an answer. */
  readonly hold?: (() => Pick<Listener, 'tell'>) | undefined;
  /** The host says from now on how urgent a log message has to be. */
  wants(level: LogLevel): void;
  /** Relays a server's question to the host. Rejects with the Fault that the server is told. */
  ask(question: Question, signal: AbortSignal): Promise<HostAnswer>;
}

/** What a host says that is for every server of its conversation. */
export type HostNews = { readonly kind: 'roots-changed' } | { readonly kind: 'log-level'; readonly level: LogLevel };

/** A request of an upstream server to the host, in the course of a call. */
export interface Question {
  readonly call: AllowedCall;
  /** Where the server runs; null for one that is no workstation's. */
  readonly workstation: WorkstationId | null;
  readonly method: string;
  readonly body: Buffer;
  /** Told of each report of progress with it, as the host wrote it. */
  readonly onProgress: (notification: Buffer) => void;
}

/** The host's response as it wrote it, and where its id stands. */
export interface HostAnswer {
  readonly body: Buffer;
  readonly id: ByteSpan;
}

/** A server in a gateway, as compiled from the policy. */
export interface Assignment {
  readonly gateway: { readonly id: GatewayId; readonly slug: Slug };
  readonly server: { readonly id: ServerId; readonly slug: Slug };
  readonly shareable: boolean;
  readonly timeoutMs: number;
  readonly reach: 'caller' | WorkstationId;
  /** Where a remote server is; undefined of a workstation server. */
  readonly remote: Remote | undefined;
  /**
   * Whether an item is exposed, by the upstream's own name, URI or URI template, and by the hash of its definition, where a condition decides; undefined: it was not
   * seen. Whether that definition counts is what its pin says.
   */
  readonly provisions: (kind: ExposedKind, name: string, definition: string | undefined) => boolean;
  /** Whether an item of that name could be, whatever its definition says. */
  readonly mayProvision: (kind: ExposedKind, name: string) => boolean;
  /** Whether anything of a kind is exposed; whether what the server lists has a part in it; and whether a condition has. */
  readonly exposes: (kind: ExposedKind) => boolean;
  readonly exposesByList: (kind: ExposedKind) => boolean;
  readonly isConditional: (kind: ExposedKind) => boolean;
  /** What is exposed of a kind, as text: the same for the same. */
  readonly exposure: (kind: ExposedKind) => string;
  /**
   * Whether a resource that is not exposed by its URI is one of an exposed template. `listed` is what the server lists: it counts where all are exposed, and those
   * that fit a condition.
   */
  readonly hasTemplateFor: (uri: string, listed: readonly ListedTemplate[]) => boolean;
  /** Whether a tool may be used only after its person consented to it by name. Absent: no tool. */
  readonly needsStepUp?: (tool: string) => boolean;
  /** Absent: whatever its server says of its items counts. */
  readonly pins?: Pins | undefined;
}

/** Which definitions of its items count. */
export interface Pins {
  readonly assignment: AssignmentId;
  readonly policy: Exclude<PinPolicy, 'off'>;
  /** Of one definition, by its hash; undefined where it was never seen. */
  readonly stateOf: (kind: ItemKind, name: string, hash: string) => PinState | undefined;
  /** What one definition says, that decides for conditions; undefined where it was never seen. */
  readonly hintsOf: (kind: ItemKind, name: string, hash: string) => Hints | undefined;
  /** The definitions of an item that are accepted, by their hashes; and whether any was ever seen. */
  readonly acceptedOf: (kind: ItemKind, name: string) => readonly string[];
  readonly knows: (kind: ItemKind, name: string) => boolean;
  /** Those that are accepted: their names, and hashes of their definitions without these. */
  readonly accepted: (kind: ItemKind) => readonly { readonly name: string; readonly bodies: readonly string[] }[];
  /** Another text whenever an administrator decided something. */
  readonly decided: string;
}
/** What a caller was shown last of an item, or of the template that a resource fits; `definition` (a hash) undefined where its server does not list it. */
export interface SeenItem {
  readonly kind: ItemKind;
  readonly name: string;
  readonly definition: string | undefined;
}

/** `definition`: its hash, where it was looked at. */
export interface ListedTemplate {
  readonly name: string;
  readonly definition?: string | undefined;
}

export interface Remote {
  readonly url: string;
  readonly origin: string;
  readonly allowPrivate: readonly string[];
  /** `auto`: Streamable HTTP, and HTTP+SSE where that fails as it does at an old server. */
  readonly transport: RemoteServer['transport'];
  /** The name of the way out; undefined for the usual one. */
  readonly egress: string | undefined;
  /** Whether its requests bear a signature of this gateway server. */
  readonly isSigned: boolean;
  /** Absent: the server is called as nobody in particular. */
  readonly auth:
    | {
        readonly identity: 'own' | 'shared';
        /** Where a token stands that was given as it is; tokens of a sign-in stand in Authorization. */
        readonly header: string;
        readonly isBearer: boolean;
        readonly scheme: 'header' | 'oauth' | 'auto';
      }
    | undefined;
}

export interface Resolved extends Identified {
  readonly assignment: Assignment;
  /** What it is about, by the upstream's own name, URI or URI template; or the foreign method that it is. */
  readonly item: { readonly kind: ExposedKind; readonly name: string };
  /** The task that it is about: by the server's own id, and by the one that the host knows. Its item is the tool that began it. */
  readonly task?: { readonly own: string; readonly shown: string };
  /** What its caller was shown of it last. Absent: nothing that was looked at. */
  readonly seen?: SeenItem | undefined;
  /** What rules found in it, for its record. */
  readonly hits?: HitLog;
  /** What flows in it, where its gateway captures that. */
  readonly flow?: Flow | undefined;
  /** Templates that the server lists: asked for only where a resource may be allowed by one of them. */
  readonly listedTemplates?: readonly ListedTemplate[];
}

/** What rules found in one request, until its record is written. */
export interface HitLog {
  readonly hits: RuleHit[];
  /** More than a record holds. */
  beyond: number;
  /** One was in the name itself, so that the name is on no record; also where it is one of those beyond. */
  isOfName: boolean;
  /** One was in the name of what its server asked, by a foreign method. */
  isOfQuestion?: boolean;
  isClosed: boolean;
}

/** One message as it passed. */
export interface Said {
  readonly what: PayloadPart;
  /** ms since 1970. */
  readonly at: number;
  readonly body: Buffer;
}
/** What flows in one request beside what was asked and answered itself, until its record is written. */
export interface Flow {
  readonly mode: CaptureMode;
  readonly request: FlowSide;
  readonly response: FlowSide;
  isClosed: boolean;
  /** The request as the rules let it go on; undefined where they did not look at it. */
  went?: Buffer | 'blocked';
  /** That of the request in which the call goes on. */
  continuedBy?: Flow | undefined;
}
interface FlowSide {
  readonly said: Said[];
  roomBytes: number;
  /** Messages that found no room. */
  beyond: number;
}

declare const allowed: unique symbol;
/** A call that policy/decide.ts allowed. The brand is not exported, so nothing else can make one. */
export interface AllowedCall extends Resolved {
  readonly [allowed]: true;
}
/** A list of one assignment's items that policy/decide.ts allowed to be asked for. */
export interface AllowedListing extends Identified {
  readonly assignment: Assignment;
  readonly [allowed]: true;
}
export type Decision =
  | { readonly kind: 'allowed'; readonly call: AllowedCall }
  | { readonly kind: 'refused'; readonly fault: Fault };

/** Where an allowed call goes: one approved local server on one workstation. */
export interface Destination {
  readonly workstation: WorkstationId;
  readonly fingerprint: Fingerprint;
}

/** What a request came to, before it is encoded for the caller's era. */
export type Answered =
  /** The upstream's own answer: its bytes, and where its id and its result stand in them. */
  | {
      readonly kind: 'relayed';
      readonly body: Buffer;
      readonly id: ByteSpan;
      readonly result: ByteSpan | undefined;
      readonly error?: ByteSpan | undefined;
      readonly isError: boolean;
      /** Links to rename, in order. */
      readonly edits?: readonly { readonly span: ByteSpan; readonly by: string }[] | undefined;
      /** The specification wants caching hints in it. */
      readonly isCacheable?: boolean;
    }
  /** Items, each as its upstream wrote it but for the name, under the member of the result that their kind has. */
  | {
      readonly kind: 'listed';
      readonly member: string;
      readonly items: readonly Buffer[];
      /** Where the list goes on, sealed. */
      readonly nextCursor?: string | undefined;
      /** Servers that it had to do without, and those that it shows as they last were. */
      readonly without?: { readonly leftOut: readonly string[]; readonly stale: readonly string[] };
    }
  /** What this gateway (or one server in it) is: the answer to initialize and server/discover. */
  | {
      readonly kind: 'described';
      readonly title: string;
      readonly instructions: string;
      /** What the server declares beside MCP (`extensions`, `experimental`), to a host that may use that. */
      readonly beyond?: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'empty' }
  /** The end of a subscriptions/listen. */
  | { readonly kind: 'listened' }
  /** `wasForwarded`: the upstream had the request already, so nobody knows what it did. */
  | { readonly kind: 'fault'; readonly fault: Fault; readonly wasForwarded?: boolean };
interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

/** An answer in the caller's era. `status` is the HTTP status; on a line it is not used. */
export interface Encoded {
  readonly status: number;
  /** The host may ask its person for more and come again: an answer over HTTP says how. */
  readonly isStepUp?: boolean;
  /** The server behind it asks to wait so long: an answer over HTTP says so in its head, too. */
  readonly retryAfterSeconds?: number;
  readonly body: Buffer;
}
/** Encodes answers for one request: its era and its id, as the host wrote it. */
export type Encode = (answered: Answered) => Encoded;
