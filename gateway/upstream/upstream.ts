// Where an allowed call goes. An implementer promises: a call is sent at most once and never replayed; it settles within its deadline;
// an aborted signal tells the far end; `forwardedAt` is set only if the message was handed over.
import type { RequestMessage, ResponseMessage } from '../mcp/jsonrpc.ts';
import type { AllowedCall, AllowedListing, Destination, Identified } from '../call.ts';

/** What came back: the upstream's bytes, and their envelope. */
export interface Reply {
  readonly body: Buffer;
  readonly message: ResponseMessage;
}
/** Filled in as the call goes on, also where it fails later. Times are `performance.now()`. */
export interface Trace {
  destination?: Destination;
  forwardedAt?: number;
  answeredAt?: number;
}

export interface Upstream {
  /** Sends the host's request, with the upstream's own tool name. Rejects with a Fault. */
  call(call: AllowedCall, request: RequestMessage, trace: Trace, signal: AbortSignal): Promise<Reply>;
  /** All pages of the assignment's tools, as the upstream's raw JSON objects. Rejects with a Fault. */
  tools(listing: AllowedListing, trace: Trace, signal: AbortSignal): Promise<readonly ListedTool[]>;
  /** Ends what was opened for a conversation that is over. */
  release(conversation: Identified['conversation']): void;
  close(): Promise<void>;
}

export interface ListedTool {
  readonly name: string;
  /** The tool's JSON object as the upstream wrote it, and where the value of its `name` stands in it. */
  readonly json: Buffer;
  readonly nameSpan: { readonly start: number; readonly end: number };
}
