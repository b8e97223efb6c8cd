// An OTLP receiver over HTTP as the specification has it (opentelemetry.io/docs/specs/otlp): protobuf read by the official messages, or JSON; full and partial success, and what may be retried.
import { z } from 'zod';
import { decodeOtlp, encodeOtlp } from './otlp-definition.ts';
import type { Answer, Post } from './receiver.ts';

const Value = z.object({ stringValue: z.string().optional(), intValue: z.string().optional() });
const Attributes = z.array(z.object({ key: z.string(), value: Value }));
const Hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
const Log = z.strictObject({
  timeUnixNano: z.string().regex(/^\d+$/),
  observedTimeUnixNano: z.string().regex(/^\d+$/),
  severityNumber: z.number(),
  severityText: z.string(),
  body: z.object({ stringValue: z.string() }),
  attributes: Attributes,
  traceId: Hex(16),
  spanId: Hex(8),
  eventName: z.string(),
});
const Span = z.strictObject({
  traceId: Hex(16),
  spanId: Hex(8),
  name: z.string(),
  kind: z.number(),
  startTimeUnixNano: z.string().regex(/^\d+$/),
  endTimeUnixNano: z.string().regex(/^\d+$/),
  attributes: Attributes,
  events: z.array(z.object({ timeUnixNano: z.string(), name: z.string() })).default([]),
  status: z.object({ code: z.number(), message: z.string().optional() }).optional(),
});
const about = { resource: z.object({ attributes: Attributes }) };
const scope = z.object({ name: z.string(), version: z.string() });
const Logs = z.strictObject({
  resourceLogs: z.array(z.strictObject({ ...about, scopeLogs: z.array(z.strictObject({ scope, logRecords: z.array(Log) })) })),
});
const Traces = z.strictObject({
  resourceSpans: z.array(z.strictObject({ ...about, scopeSpans: z.array(z.strictObject({ scope, spans: z.array(Span) })) })),
});
export type FakeLog = z.infer<typeof Log>;
export type FakeSpan = z.infer<typeof Span>;

export interface OtlpTerms {
  readonly logsPath?: string;
  readonly tracesPath?: string;
  /** How many of a request's log records it says that it dropped. */
  readonly rejects?: number;
  readonly onLogs: (logs: readonly FakeLog[]) => void;
  readonly onSpans?: (spans: readonly FakeSpan[]) => void;
}

export function answerOtlp({
  logsPath = '/v1/logs',
  tracesPath = '/v1/traces',
  rejects = 0,
  ...on
}: OtlpTerms): (post: Post) => Answer {
  return ({ url, headers, body }) => {
    const isJson = headers['content-type'] === 'application/json';
    if (!isJson && headers['content-type'] !== 'application/x-protobuf') return { status: 415 };
    const read = (name: 'ExportLogsServiceRequest' | 'ExportTraceServiceRequest'): unknown =>
      isJson ? JSON.parse(body.toString('utf8')) : decodeOtlp(name, body);
    const partialSuccess = { rejectedLogRecords: rejects, errorMessage: 'too old' };
    const said = rejects > 0 ? { partialSuccess } : {};
    try {
      if (url === logsPath)
        on.onLogs(
          Logs.parse(read('ExportLogsServiceRequest')).resourceLogs.flatMap((of) =>
            of.scopeLogs.flatMap((one) => one.logRecords),
          ),
        );
      else if (url === tracesPath)
        on.onSpans?.(
          Traces.parse(read('ExportTraceServiceRequest')).resourceSpans.flatMap((of) =>
            of.scopeSpans.flatMap((one) => one.spans),
          ),
        );
      else return { status: 404 };
    } catch (error) {
      return { status: 400, body: String(error) };
    }
    const response = url === logsPath ? 'ExportLogsServiceResponse' : 'ExportTraceServiceResponse';
    return isJson
      ? { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(said) }
      : {
          status: 200,
          headers: { 'content-type': 'application/x-protobuf' },
          body: encodeOtlp(response, url === logsPath ? said : {}),
        };
  };
}
