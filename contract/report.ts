// What a workstation tells its gateway of itself, to be put on record there: what its user did that the organization must know of.
// Rule: a report is told until the gateway says that it is on record, so one may be recorded twice; its id says that they are the same.
import { z } from 'zod';

/** So many are told at once, and wait on a device at most. */
export const reportLimit = 100;

const base = { id: z.uuid(), at: z.number().int() };
export const Report = z.discriminatedUnion('event', [
  z.looseObject({
    ...base,
    event: z.literal('workstation_paused'),
    /** When it ends by itself, ms since 1970. */
    until: z.number().int(),
    reason: z.string().max(500).optional(),
  }),
  /** `time`: its time was over. `profile`: IT no longer allows it. */
  z.looseObject({ ...base, event: z.literal('workstation_resumed'), by: z.enum(['user', 'time', 'profile']) }),
  /** The user took the gateway out of an AI host, or put it back in. */
  z.looseObject({ ...base, event: z.literal('host_undone'), host: z.string().max(80) }),
  z.looseObject({ ...base, event: z.literal('host_taken_back'), host: z.string().max(80) }),
]);
export type Report = z.infer<typeof Report>;
