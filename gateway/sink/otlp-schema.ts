// Field numbers of OTLP 1.x (opentelemetry-proto: common, resource, logs, trace and their collector services), as far as they are written here.
// The rule: the names are those of its JSON, so that one object serves both encodings.
import type { Message } from './protobuf.ts';

const AnyValue: Message = {
  stringValue: { number: 1, as: 'string' },
  boolValue: { number: 2, as: 'bool' },
  intValue: { number: 3, as: 'int64' },
};
const KeyValue: Message = { key: { number: 1, as: 'string' }, value: { number: 2, as: AnyValue } };
const attributes = (number: number) => ({ number, as: KeyValue, isRepeated: true });

const Resource: Message = { attributes: attributes(1) };
const Scope: Message = { name: { number: 1, as: 'string' }, version: { number: 2, as: 'string' } };

const LogRecord: Message = {
  timeUnixNano: { number: 1, as: 'fixed64' },
  severityNumber: { number: 2, as: 'enum' },
  severityText: { number: 3, as: 'string' },
  body: { number: 5, as: AnyValue },
  attributes: attributes(6),
  traceId: { number: 9, as: 'hex' },
  spanId: { number: 10, as: 'hex' },
  observedTimeUnixNano: { number: 11, as: 'fixed64' },
  eventName: { number: 12, as: 'string' },
};
const SpanEvent: Message = { timeUnixNano: { number: 1, as: 'fixed64' }, name: { number: 2, as: 'string' } };
const Status: Message = { message: { number: 2, as: 'string' }, code: { number: 3, as: 'enum' } };
const Span: Message = {
  traceId: { number: 1, as: 'hex' },
  spanId: { number: 2, as: 'hex' },
  name: { number: 5, as: 'string' },
  kind: { number: 6, as: 'enum' },
  startTimeUnixNano: { number: 7, as: 'fixed64' },
  endTimeUnixNano: { number: 8, as: 'fixed64' },
  attributes: attributes(9),
  events: { number: 11, as: SpanEvent, isRepeated: true },
  status: { number: 15, as: Status },
};

const ScopeLogs: Message = { scope: { number: 1, as: Scope }, logRecords: { number: 2, as: LogRecord, isRepeated: true } };
const ScopeSpans: Message = { scope: { number: 1, as: Scope }, spans: { number: 2, as: Span, isRepeated: true } };
const ResourceLogs: Message = {
  resource: { number: 1, as: Resource },
  scopeLogs: { number: 2, as: ScopeLogs, isRepeated: true },
};
const ResourceSpans: Message = {
  resource: { number: 1, as: Resource },
  scopeSpans: { number: 2, as: ScopeSpans, isRepeated: true },
};
export const LogsRequest: Message = { resourceLogs: { number: 1, as: ResourceLogs, isRepeated: true } };
export const TracesRequest: Message = { resourceSpans: { number: 1, as: ResourceSpans, isRepeated: true } };
