// The admin API's operation on the rollout: how far it is, step by step, as docs/rollout.md has the steps.
import { z } from 'zod';
import { operation } from './admin-operation.ts';

/** `unseen`: the gateway server can't see it, or not now. */
export const RolloutState = z.enum(['done', 'not-yet', 'unseen']);
export type RolloutState = z.infer<typeof RolloutState>;

export const RolloutCheck = z.object({
  state: RolloutState,
  /** What is so, in words. */
  what: z.string(),
  /** What to do; null where there is nothing to do. */
  todo: z.string().nullable(),
  /** Which ones, each with why: all of them. */
  about: z.array(z.string()),
});
export type RolloutCheck = z.infer<typeof RolloutCheck>;

export const RolloutStep = z.object({
  step: z.number().int().min(1).max(4),
  title: z.string(),
  /** The worst of its checks: `not-yet` before `unseen` before `done`. */
  state: RolloutState,
  checks: z.array(RolloutCheck),
});
export type RolloutStep = z.infer<typeof RolloutStep>;

export const Rollout = z.object({ state: RolloutState, at: z.number().int(), steps: z.array(RolloutStep) });
export type Rollout = z.infer<typeof Rollout>;

export const rolloutOperations = {
  'rollout.check': operation({
    method: 'GET',
    path: '/rollout',
    capability: 'reports.view',
    summary:
      'Says how far the rollout is: what of its four steps is done, what is not yet, and what the gateway server cannot see.',
    query: z.strictObject({
      /** `yes`: that an assignment exposes all of a kind is meant. */
      all: z.enum(['yes', 'no']).default('no'),
    }),
    answer: Rollout,
    example: { query: { all: 'yes' } },
  }),
};
