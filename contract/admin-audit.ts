// The admin API's operations on the audit records: search them, read what was captured, and export what a search finds as a job. The rule: reading is one capability,
// what was asked and answered another, and taking away a third.
import { z } from 'zod';
import { Done, Page, operation, Reasoned } from './admin-operation.ts';
import { recordKinds } from './audit.ts';
import { RecordId } from './id.ts';
import { Payload } from './payload.ts';

const name = z.string().min(1).max(500).optional();
/** Exactly these values; `text`: words that all stand somewhere in the record, the last letters of one left open by `*`. */
const filter = {
  /** Times are ms since 1970; `until` itself is not in it. */
  from: z.coerce.number().int().min(0).optional(),
  until: z.coerce.number().int().min(0).optional(),
  user: name,
  host: name,
  gateway: name,
  server: name,
  /** A tool, prompt, resource or template. */
  tool: name,
  decision: z.enum(['allowed', 'refused', 'failed']).optional(),
  code: name,
  kind: z.enum(recordKinds).optional(),
  text: z.string().min(1).max(1000).optional(),
};

const Found = z.object({
  chain: z.string(),
  seq: z.number().int(),
  /** As it was written down; null where that can't be read. */
  record: z.looseObject({ version: z.literal(1), kind: z.enum(recordKinds), id: z.string(), at: z.number().int() }).nullable(),
});
/** `done`: 0 to 1. `behind`: records that were not in the index when it began, so that they are not in it. */
const Export = z.object({
  id: z.uuid(),
  format: z.enum(['csv', 'jsonl']),
  state: z.enum(['running', 'done', 'failed']),
  done: z.number(),
  rows: z.number().int(),
  behind: z.number().int(),
  createdAt: z.number().int(),
  /** Its file is removed then, and where the gateway server starts anew. */
  expiresAt: z.number().int(),
});
/** Each as it was checked against the hash in the record. */
const ShownPayloads = z.object({
  record: RecordId,
  /** Its slug when it was called; null of a call that was refused before it came to one. */
  gateway: z.string().nullable(),
  mode: z.enum(['redacted', 'full']),
  payloads: z.array(Payload.pick({ direction: true, messages: true, beyond: true })),
});
export type ShownPayloads = z.infer<typeof ShownPayloads>;
/** `done`: 0 to 1. `words`: what was found, for a person. */
const Verification = z.object({
  id: z.uuid(),
  state: z.enum(['running', 'whole', 'broken', 'failed']),
  done: z.number(),
  records: z.number().int(),
  words: z.string().nullable(),
  /** Where a chain is broken: the first record that can't be trusted. */
  break: z.object({ chain: z.string(), seq: z.number().int(), what: z.string() }).nullable(),
  createdAt: z.number().int(),
  expiresAt: z.number().int(),
});
const ChainRetention = z.object({
  chain: z.string(),
  /** Its first records, which are gone by policy. */
  removed: z.number().int(),
  /** When the oldest that is there was made, ms since 1970; null where none is. */
  oldestAt: z.number().int().nullable(),
  /** How much older that is than the policy lets it get, in ms. */
  overdueMs: z.number().int(),
  /** Who still has to read records whose time is over: `index`, `alerts`, or `sink <name>`; null where nobody has. */
  heldBy: z.string().nullable(),
});
export type ChainRetention = z.infer<typeof ChainRetention>;
const id = { params: z.strictObject({ id: z.uuid() }) };
const example = { params: { id: '0198c0de-0000-7000-8000-000000000001' } };

export const auditOperations = {
  'audit.search': operation({
    method: 'GET',
    path: '/audit/records',
    capability: 'audit.read',
    summary: 'Searches the audit records, newest first.',
    query: Page.extend(filter),
    answer: z.object({
      items: z.array(Found),
      /** Null at the end. */
      next: z.string().nullable(),
      /** The newest records, which are not in the index yet and so not found. */
      behind: z.number().int(),
    }),
  }),
  'audit.payload': operation({
    method: 'GET',
    path: '/audit/records/{id}/payload',
    capability: 'payloads.read',
    summary:
      'Shows what was captured of a call: what was asked and answered. Whoever asks has to reach its gateway, and that they asked is on record.',
    params: z.strictObject({ id: RecordId }),
    query: Reasoned,
    answer: ShownPayloads,
    example,
  }),
  'audit.checkpoint': operation({
    method: 'GET',
    path: '/audit/checkpoint',
    capability: 'audit.read',
    summary: 'Where the records end now, sealed: to be kept elsewhere, and given to a verification later.',
    answer: z.object({
      checkpoint: z.looseObject({ version: z.literal(1), kind: z.literal('checkpoint'), at: z.number().int() }),
    }),
  }),
  'audit.retention': operation({
    method: 'GET',
    path: '/audit/retention',
    capability: 'audit.read',
    summary: 'Says for how long records are kept, what is gone by that, and what still needs records whose time is over.',
    answer: z.object({
      /** Such as `400d`; null: for good. */
      records: z.string().nullable(),
      chains: z.array(ChainRetention),
    }),
  }),
  'audit.verify': operation({
    method: 'POST',
    path: '/audit/verifications',
    capability: 'audit.read',
    summary: 'Begins to check that no record was altered, deleted, moved or cut off. One at a time.',
    body: z.strictObject({
      /** Also that the records hold what checkpoints say that were kept: as `audit.checkpoint` gives them, or records with them, one a line. */
      checkpoints: z.string().min(1).max(200_000).optional(),
    }),
    answer: Verification,
    example: { body: {} },
  }),
  'audit.verification': operation({
    method: 'GET',
    path: '/audit/verifications/{id}',
    capability: 'audit.read',
    summary: 'Says how far a verification is, and what it found.',
    ...id,
    answer: Verification,
    example,
  }),
  'audit.export': operation({
    method: 'POST',
    path: '/audit/exports',
    capability: 'audit.export',
    summary: 'Begins to write the records that a search finds to a file.',
    body: z.strictObject({ format: z.enum(['csv', 'jsonl']), filter: z.strictObject(filter).default({}) }),
    answer: Export,
    example: { body: { format: 'jsonl', filter: { decision: 'refused' } } },
  }),
  'audit.export-progress': operation({
    method: 'GET',
    path: '/audit/exports/{id}',
    capability: 'audit.export',
    summary: 'Says how far an export is.',
    ...id,
    answer: Export,
    example,
  }),
  'audit.export-part': operation({
    method: 'GET',
    path: '/audit/exports/{id}/part',
    capability: 'audit.export',
    summary: 'Reads a part of what an export has written so far: whole lines, about a megabyte.',
    ...id,
    query: z.strictObject({ after: z.coerce.number().int().min(0).default(0) }),
    answer: z.object({
      text: z.string(),
      /** What to ask for next as `after`; null at the end. */
      next: z.number().int().nullable(),
    }),
    example,
  }),
  'audit.export-remove': operation({
    method: 'DELETE',
    path: '/audit/exports/{id}',
    capability: 'audit.export',
    summary: 'Ends an export and removes its file.',
    ...id,
    answer: Done,
    example,
  }),
};
