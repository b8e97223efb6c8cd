// OTLP's messages for protobufjs: opentelemetry/proto/{common,resource,logs,trace}/v1 and collector/{logs,trace}/v1, written down as field numbers and types.
// test/gateway/sink/otlp.test.ts reads with them what OpenTelemetry's own encoder writes, which shows that they say the same.
import protobuf from 'protobufjs';

type FieldDefinition = readonly [type: string, id: number, rule?: 'repeated'];
const message = (fields: Readonly<Record<string, FieldDefinition>>, oneof?: readonly string[]) => ({
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, [type, id, rule]]) => [name, { type, id, ...(rule && { rule }) }]),
  ),
  ...(oneof && { oneofs: { value: { oneof: [...oneof] } } }),
});

const root = protobuf.Root.fromJSON({
  nested: {
    AnyValue: message(
      {
        stringValue: ['string', 1],
        boolValue: ['bool', 2],
        intValue: ['int64', 3],
        doubleValue: ['double', 4],
        arrayValue: ['ArrayValue', 5],
        kvlistValue: ['KeyValueList', 6],
        bytesValue: ['bytes', 7],
      },
      ['stringValue', 'boolValue', 'intValue', 'doubleValue', 'arrayValue', 'kvlistValue', 'bytesValue'],
    ),
    ArrayValue: message({ values: ['AnyValue', 1, 'repeated'] }),
    KeyValueList: message({ values: ['KeyValue', 1, 'repeated'] }),
    KeyValue: message({ key: ['string', 1], value: ['AnyValue', 2] }),
    InstrumentationScope: message({
      name: ['string', 1],
      version: ['string', 2],
      attributes: ['KeyValue', 3, 'repeated'],
      droppedAttributesCount: ['uint32', 4],
    }),
    Resource: message({ attributes: ['KeyValue', 1, 'repeated'], droppedAttributesCount: ['uint32', 2] }),
    LogRecord: message({
      timeUnixNano: ['fixed64', 1],
      severityNumber: ['int32', 2],
      severityText: ['string', 3],
      body: ['AnyValue', 5],
      attributes: ['KeyValue', 6, 'repeated'],
      droppedAttributesCount: ['uint32', 7],
      flags: ['fixed32', 8],
      traceId: ['bytes', 9],
      spanId: ['bytes', 10],
      observedTimeUnixNano: ['fixed64', 11],
      eventName: ['string', 12],
    }),
    ScopeLogs: message({
      scope: ['InstrumentationScope', 1],
      logRecords: ['LogRecord', 2, 'repeated'],
      schemaUrl: ['string', 3],
    }),
    ResourceLogs: message({ resource: ['Resource', 1], scopeLogs: ['ScopeLogs', 2, 'repeated'], schemaUrl: ['string', 3] }),
    ExportLogsServiceRequest: message({ resourceLogs: ['ResourceLogs', 1, 'repeated'] }),
    ExportLogsPartialSuccess: message({ rejectedLogRecords: ['int64', 1], errorMessage: ['string', 2] }),
    ExportLogsServiceResponse: message({ partialSuccess: ['ExportLogsPartialSuccess', 1] }),
    SpanEvent: message({
      timeUnixNano: ['fixed64', 1],
      name: ['string', 2],
      attributes: ['KeyValue', 3, 'repeated'],
      droppedAttributesCount: ['uint32', 4],
    }),
    Status: message({ message: ['string', 2], code: ['int32', 3] }),
    Span: message({
      traceId: ['bytes', 1],
      spanId: ['bytes', 2],
      traceState: ['string', 3],
      parentSpanId: ['bytes', 4],
      name: ['string', 5],
      kind: ['int32', 6],
      startTimeUnixNano: ['fixed64', 7],
      endTimeUnixNano: ['fixed64', 8],
      attributes: ['KeyValue', 9, 'repeated'],
      droppedAttributesCount: ['uint32', 10],
      events: ['SpanEvent', 11, 'repeated'],
      droppedEventsCount: ['uint32', 12],
      droppedLinksCount: ['uint32', 14],
      status: ['Status', 15],
      flags: ['fixed32', 16],
    }),
    ScopeSpans: message({ scope: ['InstrumentationScope', 1], spans: ['Span', 2, 'repeated'], schemaUrl: ['string', 3] }),
    ResourceSpans: message({ resource: ['Resource', 1], scopeSpans: ['ScopeSpans', 2, 'repeated'], schemaUrl: ['string', 3] }),
    ExportTraceServiceRequest: message({ resourceSpans: ['ResourceSpans', 1, 'repeated'] }),
    ExportTracePartialSuccess: message({ rejectedSpans: ['int64', 1], errorMessage: ['string', 2] }),
    ExportTraceServiceResponse: message({ partialSuccess: ['ExportTracePartialSuccess', 1] }),
  },
});

type Name = 'ExportLogsServiceRequest' | 'ExportTraceServiceRequest' | 'ExportLogsServiceResponse' | 'ExportTraceServiceResponse';

/** As its JSON has it: longs in digits, ids in hex. Throws where the bytes are no such message, or hold more than it says: a field that it has not, or one that says nothing. */
export function decodeOtlp(name: Name, bytes: Buffer, isStrict = true): unknown {
  const type = root.lookupType(name);
  const decoded = type.decode(bytes);
  // What protobufjs does not know it drops: written again it would be shorter.
  if (isStrict && type.encode(decoded).finish().length !== bytes.length) throw new Error(`${name} holds more than it says`);
  return hexed(type.toObject(decoded, { longs: String, bytes: Buffer }));
}

export function encodeOtlp(name: Name, value: object): Buffer {
  const type = root.lookupType(name);
  return Buffer.from(type.encode(type.fromObject(value)).finish());
}

function hexed(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('hex');
  if (Array.isArray(value)) return value.map(hexed);
  if (!(value instanceof Object)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, hexed(of)]));
}
