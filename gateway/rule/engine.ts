// Engines: programs of the organization's own that judge a message, over HTTPS. What a rule asks of one, as values.
// An implementer promises: it settles within 30 seconds, asks with no more than 16 MiB, and takes nothing for a verdict that is none.
import { Fault } from '#contract/error.ts';
import type { Match } from './match.ts';

export interface EngineQuestion {
  readonly metadata: Readonly<Record<string, string | null>>;
  /** The JSON-RPC message; of a definition the item. */
  readonly body: Buffer;
}
export type Verdict =
  | { readonly kind: 'pass' }
  | { readonly kind: 'block' }
  /** The message that takes its place, whole. */
  | { readonly kind: 'modify'; readonly body: Buffer };

export interface Engines {
  /** Rejects with ENGINE_FAILED where it could not decide. */
  judge(engine: string, question: EngineQuestion, signal: AbortSignal): Promise<Verdict>;
  /** What of each text is what. Rejects with ENGINE_FAILED. */
  analyze(
    engine: string,
    texts: readonly string[],
    of: { readonly types: readonly string[] | undefined; readonly threshold: number },
    signal: AbortSignal,
  ): Promise<readonly (readonly Match[])[]>;
}

export function failed(engine: string, reason: string, cause?: unknown): Fault {
  return new Fault('ENGINE_FAILED', { engine, reason }, { cause });
}
