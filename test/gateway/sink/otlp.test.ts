// What OTLP's bytes are: OpenTelemetry's own encoder says it, and ours is held to it by one reader.
import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSpan, logsRequest, tracesRequest } from '../../../gateway/sink/otlp-record.ts';
import { LogsRequest, TracesRequest } from '../../../gateway/sink/otlp-schema.ts';
import { decode, encode } from '../../../gateway/sink/protobuf.ts';
import { decodeOtlp } from '../../fake/sink/otlp-definition.ts';
import { proves } from '../../requirement.ts';
import { itemsOf, organization } from '../../suite/receiver.ts';

type Attributes = { key: string; value: { stringValue?: string; intValue?: string } }[];
type Log = Record<'timeUnixNano' | 'observedTimeUnixNano' | 'severityText' | 'traceId' | 'spanId' | 'eventName', string> & {
  severityNumber: number;
  body: { stringValue: string };
  attributes: Attributes;
};
type Request = {
  resourceLogs: {
    resource: { attributes: Attributes };
    scopeLogs: { scope: { name: string; version: string }; logRecords: Log[] }[];
  }[];
};
const resource = { organization, host: 'gateway.example.org', attributes: { 'deployment.environment.name': 'tëst' } };

test('our bytes and those of the official encoder say the same of the same log record', () => {
  proves('sink.otlp-official', {
    file: 'gateway/sink/otlp-schema.ts',
    find: "observedTimeUnixNano: { number: 11, as: 'fixed64' }",
    replace: "observedTimeUnixNano: { number: 8, as: 'fixed64' }",
  });
  const [item] = itemsOf(1);
  if (!item) throw new Error('there is one');
  const ours = logsRequest([item], resource, item.at + 5);
  const [about] = (ours as unknown as Request).resourceLogs;
  const [scoped] = about?.scopeLogs ?? [];
  const [log] = scoped?.logRecords ?? [];
  if (!about || !scoped || !log) throw new Error('there is one');
  const valueOf = (of: { stringValue?: string; intValue?: string }) => of.stringValue ?? Number(of.intValue);
  const attributesOf = (of: Attributes) => Object.fromEntries(of.map(({ key, value }) => [key, valueOf(value)]));
  const timeOf = (nanos: string): [number, number] => [
    Number(BigInt(nanos) / 1_000_000_000n),
    Number(BigInt(nanos) % 1_000_000_000n),
  ];
  const official = ProtobufLogsSerializer.serializeRequest([
    {
      hrTime: timeOf(log.timeUnixNano),
      hrTimeObserved: timeOf(log.observedTimeUnixNano),
      spanContext: { traceId: log.traceId, spanId: log.spanId, traceFlags: 0 },
      severityNumber: log.severityNumber,
      severityText: log.severityText,
      body: log.body.stringValue,
      eventName: log.eventName,
      resource: { attributes: attributesOf(about.resource.attributes) } as never,
      instrumentationScope: scoped.scope,
      attributes: attributesOf(log.attributes),
      droppedAttributesCount: 0,
    },
  ]);
  const read = (bytes: Uint8Array, isStrict = true) => decodeOtlp('ExportLogsServiceRequest', Buffer.from(bytes), isStrict);
  const theirs = JSON.parse(JSON.stringify(read(official ?? new Uint8Array(), false)));
  // What says that nothing was dropped and no flag is set says nothing.
  const bare = JSON.parse(
    JSON.stringify(theirs, (name, value) => (['flags', 'droppedAttributesCount'].includes(name) ? undefined : value)),
  );
  expect(read(encode(LogsRequest, ours))).toEqual(bare);
  expect(bare).toEqual(ours);
});

test('logs and spans of any records are read back as they were written', () => {
  const items = itemsOf(9);
  const logs = logsRequest(items, resource, 1);
  expect(decodeOtlp('ExportLogsServiceRequest', encode(LogsRequest, logs))).toEqual(logs);
  const traces = tracesRequest(items.filter(isSpan), resource);
  expect(decodeOtlp('ExportTraceServiceRequest', encode(TracesRequest, traces))).toEqual(traces);
});

test('bytes that are no message are refused, however they are cut', () => {
  const bytes = encode(LogsRequest, logsRequest(itemsOf(1), resource, 1));
  for (let length = 1; length < Math.min(bytes.length, 200); length++)
    expect(() => decode(bytes.subarray(0, length))).toThrow(RangeError);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (random) => {
      try {
        decode(Buffer.from(random));
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
  );
});
