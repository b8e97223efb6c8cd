// Every channel between a page (renderer) and the tray program (main), with what is sent and what comes back. There are no others.
// A page sends intents and shows state; the tray program checks each sender and parses each payload by this table.
import { z } from 'zod';
import { AgentState } from './agent.ts';

/** What the companion window shows: the agent's own state, or why there is none. */
export const CompanionState = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('running'), state: AgentState }),
  z.object({
    kind: z.literal('absent'),
    /** `not_running`: nothing answers. `unsafe`: others could answer in the agent's place. `refused`: it answers something else. */
    reason: z.enum(['not_running', 'unsafe', 'refused']),
    detail: z.string(),
  }),
]);
export type CompanionState = z.infer<typeof CompanionState>;

/** A page asks, main answers. */
export const invocation = {
  'companion:current': { request: z.undefined(), reply: CompanionState },
} as const;
export type InvocationName = keyof typeof invocation;

/** Main tells, a page listens. A page subscribes first and asks for the current state after, or it could miss the first change. */
export const push = {
  'companion:changed': CompanionState,
} as const;
export type PushName = keyof typeof push;

/** What the preload script gives to the companion's page as `window.drawbridge`. */
export interface CompanionPage {
  current(): Promise<CompanionState>;
  /** The returned function ends it. */
  onChanged(listener: (state: CompanionState) => void): () => void;
}
