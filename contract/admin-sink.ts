// The admin API's operations on sinks: where records are sent, how that goes, and what an administrator tries by hand. Secrets go in and never come out.
import { z } from 'zod';
import { Done, listOf, operation, Page, slugs } from './admin-operation.ts';
import { Slug } from './id.ts';
import { PolicySink } from './sink.ts';

/** How a sink stands. Times in ms since 1970. */
export const SinkStatus = z.object({
  sink: Slug,
  kind: z.enum(['file', 'webhook', 'syslog', 'splunk', 'otlp']),
  /** `needs-secret`: it sends nothing until `missing` are set. `failing`: since `failingSince`. */
  state: z.enum(['sending', 'failing', 'needs-secret']),
  /** The secrets that are not set for where it sends now. */
  missing: z.array(z.string()),
  owed: z.number().int(),
  lagMs: z.number().int(),
  limit: z.number().int(),
  onFull: z.enum(['refuse', 'skip']),
  sent: z.number().int(),
  rejected: z.number().int(),
  skipped: z.number().int(),
  parked: z.number().int(),
  deliveredAt: z.number().int().nullable(),
  failingSince: z.number().int().nullable(),
  lastError: z.string().nullable(),
  lastErrorAt: z.number().int().nullable(),
});
export type SinkStatus = z.infer<typeof SinkStatus>;
const Sink = z.object({ slug: Slug, sink: PolicySink });

const params = slugs('sink');
const example = { params: { sink: 'archive' } };
const capability = 'sinks.manage';

export const sinkOperations = {
  'sinks.list': operation({
    method: 'GET',
    path: '/sinks',
    capability,
    summary: 'Lists the sinks: where audit records are sent.',
    query: Page,
    answer: listOf(Sink),
  }),
  'sinks.read': operation({
    method: 'GET',
    path: '/sinks/{sink}',
    capability,
    summary: 'Shows a sink; never its secrets.',
    params,
    answer: Sink,
    example,
  }),
  'sinks.create': operation({
    method: 'POST',
    path: '/sinks',
    capability,
    summary: 'Adds a sink. It owes the records that are committed from now on.',
    body: z.strictObject({ slug: Slug, sink: PolicySink }),
    answer: Sink,
    example: { body: { slug: 'second', sink: { kind: 'file' } } },
  }),
  'sinks.replace': operation({
    method: 'PUT',
    path: '/sinks/{sink}',
    isConditional: true,
    capability,
    summary:
      'Replaces what the policy says of a sink. It keeps its place in the records; where it sends to another origin its secrets have to be set anew.',
    params,
    body: PolicySink,
    answer: Sink,
    example: { ...example, body: { kind: 'file', keep: 20 } },
  }),
  'sinks.remove': operation({
    method: 'DELETE',
    path: '/sinks/{sink}',
    isConditional: true,
    capability,
    summary: 'Removes a sink with its secrets. What it still owes is not sent.',
    params,
    answer: Done,
    example,
  }),
  'sinks.status': operation({
    method: 'GET',
    path: '/sink-status',
    capability,
    summary: 'Shows how each sink stands: what it owes, since when it fails and why.',
    answer: z.object({ items: z.array(SinkStatus) }),
  }),
  'sinks.set-secret': operation({
    method: 'PUT',
    path: '/sinks/{sink}/secret',
    capability,
    summary: 'Sets a secret of a sink. It is sealed to where the sink sends now, and shown never again.',
    params,
    body: z.strictObject({
      /** Of an OTLP sink: which of its secretHeaders. */
      header: z.string().max(64).optional(),
      value: z.string().min(1).max(8192),
    }),
    answer: z.object({ sink: z.string(), name: z.string(), origin: z.string() }),
    example: { params: { sink: 'hook' }, body: { value: `whsec_${'QUJD'.repeat(10)}` } },
  }),
  'sinks.test': operation({
    method: 'POST',
    path: '/sinks/{sink}/test',
    capability,
    summary: 'Sends one marked record to a sink, and tells what came back.',
    params,
    answer: z.object({
      sink: z.string(),
      id: z.string(),
      outcome: z.enum(['delivered', 'dropped', 'refused', 'not-now']),
      words: z.string(),
      tookMs: z.number(),
    }),
    example,
  }),
  'sinks.resend': operation({
    method: 'POST',
    path: '/sinks/{sink}/resend',
    capability,
    summary: 'Sends the records of a sink once more that were set aside.',
    params,
    answer: z.object({
      sink: z.string(),
      delivered: z.number().int(),
      left: z.array(z.object({ chain: z.string(), seq: z.number().int(), reason: z.string() })),
    }),
    example,
  }),
};
