// What leaves of a record: filter, fields that are left out, and the body as OCSF has it.
import { describe, expect, test } from 'vitest';
import { SinkFilter } from '#contract/sink.ts';
import { PolicyFile } from '#contract/policy.ts';
import { itemOf } from '../../../gateway/sink/item.ts';
import { readPolicy } from '../../../gateway/admin/policy-file.ts';
import { proves } from '../../requirement.ts';
import { organization } from '../../suite/receiver.ts';
import { callRecord, recordOf, userId } from '../../suite/sample.ts';

type Ocsf = { activity_id: number; actor: object; unmapped: object };
const chained = (record: object) => ({ chain: 'main', seq: 7, at: 1000, body: JSON.stringify(record), hash: 'h' });
const item = (record: object, change: object = {}) =>
  itemOf(chained(record), { redact: [], format: 'drawbridge', ...change }, organization);

describe('a filter', () => {
  const gateway = { id: '01a20491-e46f-708d-b6df-159d2fd25a16', name: 'eng' } as never;
  const call = callRecord(userId(), { gateway, decision: 'refused' });
  test.each([
    [{}, true, true],
    [{ kinds: ['call'] }, true, false],
    [{ kinds: ['event'] }, false, true],
    [{ events: ['sample'] }, false, true],
    [{ events: ['alert_raised'] }, false, false],
    [{ decisions: ['refused', 'failed'] }, true, false],
    [{ decisions: ['allowed'] }, false, false],
    [{ gateways: ['eng'] }, true, false],
    [{ gateways: ['ops'] }, false, false],
    [{ gateways: ['eng'], servers: ['memory'] }, true, false],
    [{ gateways: ['eng'], servers: ['other'] }, false, false],
  ])('%j lets a call through: %j, an event: %j', (only, passesCall, passesEvent) => {
    const filter = { only: SinkFilter.parse(only) };
    expect(item(call, filter) !== undefined).toBe(passesCall);
    expect(item(recordOf(1), filter) !== undefined).toBe(passesEvent);
  });
});

test('what is left out is nowhere in what leaves, in either format', () => {
  proves('sink.redacted', {
    file: 'gateway/sink/item.ts',
    find: "sink.redact.reduce<Fields>((of, path) => fieldsOf(without(of, path.split('.')))",
    replace: "sink.redact.reduce<Fields>((of, path) => fieldsOf(without(of, path.split('.').slice(1)))",
  });
  const record = callRecord(userId(), { tool: 'precious', hidden: ['precious'], user: { id: userId(), name: 'precious' } });
  for (const format of ['drawbridge', 'ocsf']) {
    const left = item(record, { redact: ['tool', 'hidden', 'user', 'nothing.there', 'toString'], format });
    expect(left?.text).not.toContain('precious');
    expect(left?.id).toBe(record.id);
  }
  expect(item(record, { redact: ['user.name', 'legs.gatewayToHost'] })?.record).toMatchObject({
    user: { id: record.user?.id, name: '[redacted]' },
    legs: { gatewayToHost: null },
  });
  const event = recordOf(1, { address: 'precious', kept: 1 });
  expect(item(event, { redact: ['detail.address'] })?.record['detail']).toEqual({ address: '[redacted]', kept: 1 });
});

test('as OCSF a list is read, and of a foreign method nobody says what it does, whatever it is called', () => {
  const activityOf = (change: object) => item(callRecord(userId(), change), { format: 'ocsf' })?.body['activity_id'];
  expect(activityOf({ method: 'tools/list', tool: null })).toBe(2);
  const method = 'vendor/wipe/list';
  expect(activityOf({ method, tool: null, item: { kind: 'method', name: method } })).toBe(99);
});

test('as OCSF each record has what API Activity requires, and what has no place there stands in unmapped', () => {
  const call = callRecord(userId(), { workstation: '01a20491-e46f-708d-b6df-159d2fd25a16' as never });
  const records = [call, callRecord(null, { host: null, method: 'tools/list', tool: null, server: null }), recordOf(5, { n: 1 })];
  for (const record of records) {
    const body = item(record, { format: 'ocsf' })?.body as Ocsf;
    expect(body).toMatchObject({
      activity_id: expect.any(Number),
      category_uid: 6,
      class_uid: 6003,
      severity_id: expect.any(Number),
      time: record.at,
      type_uid: 600_300 + body.activity_id,
      api: { operation: expect.any(String) },
      metadata: { version: '1.6.0', product: { vendor_name: expect.any(String), name: expect.any(String) }, uid: record.id },
      src_endpoint: { svc_name: expect.any(String) },
    });
    expect(Object.keys(body.actor).length).toBeGreaterThan(0);
  }
  const body = item(call, { format: 'ocsf' })?.body as Ocsf;
  expect(body.unmapped).toMatchObject({ kind: 'call', legs: call.legs, identity: call.identity, chain: 'main' });
  expect(body).toMatchObject({ duration: 2, resources: [{ name: 'echo', type: 'tool' }], dst_endpoint: { svc_name: 'memory' } });
});

describe('a policy', () => {
  const problems = (sinks: object) => {
    const read = readPolicy(JSON.stringify({ version: 1, sinks }));
    return read.kind === 'policy' ? [] : read.problems.map(({ key, message }) => `${key}: ${message}`);
  };
  test('names sinks with what is usual', () => {
    expect(PolicyFile.parse({ version: 1, sinks: { a: { kind: 'file' } } }).sinks).toEqual({
      a: {
        kind: 'file',
        redact: [],
        format: 'drawbridge',
        limit: 1_000_000,
        onFull: 'refuse',
        rotateBytes: 104_857_600,
        keep: 10,
      },
    });
  });
  test.each([
    [{ a: { kind: 'fil' } }, 'sinks.a.kind: use file, webhook, syslog, splunk or otlp'],
    [{ a: { kind: 'file', rotateByte: 5 } }, 'sinks.a.rotateByte: unknown key: did you mean "rotateBytes"?'],
    [{ a: { kind: 'webhook', url: 'http://siem.example.org' } }, 'sinks.a.url: use an https URL'],
    [{ a: { kind: 'otlp' } }, 'name a logsUrl, a tracesUrl or both'],
    [{ a: { kind: 'otlp', logsUrl: 'https://a.example', headers: { 'X-Api-Key': 'x' } } }, 'belongs into secretHeaders'],
    [{ a: { kind: 'splunk', url: 'https://a.example/services/collector/event' } }, 'leave out /services/collector'],
    [{ a: { kind: 'syslog', address: 'siem' } }, 'sinks.a.address: use HOST:PORT'],
    [{ a: { kind: 'file', redact: ['id'] } }, 'a record is told apart by it'],
    [{ a: { kind: 'file', only: { gateways: ['eng'] } } }, 'there is no gateway "eng"'],
    [{ a: { kind: 'file', only: { kind: ['call'] } } }, 'unknown key: did you mean "kinds"?'],
    [{ a: { kind: 'file', limit: 5 } }, 'sinks.a.limit'],
  ])('%j is refused with words', (sinks, words) => {
    expect(problems(sinks).join('\n')).toContain(words);
  });
});
