// Each kind of sink that is reached over HTTP, against a far end that behaves as its documentation says; and what is that kind's alone.
import { randomBytes } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { newId } from '#contract/id.ts';
import { Secret } from '#contract/secret.ts';
import { createEgress, type Egress } from '../../../gateway/egress/egress.ts';
import { createOtlp } from '../../../gateway/sink/otlp.ts';
import { createPoster } from '../../../gateway/sink/post.ts';
import type { Receiver } from '../../../gateway/sink/receiver.ts';
import { createSplunk, type SplunkDeps } from '../../../gateway/sink/splunk.ts';
import { createWebhook } from '../../../gateway/sink/webhook.ts';
import { answerHec } from '../../fake/sink/hec.ts';
import { answerOtlp, type FakeLog, type FakeSpan } from '../../fake/sink/otlp.ts';
import { type Answer, type FakeReceiver, type Post, serveReceiver } from '../../fake/sink/receiver.ts';
import { answerWebhook } from '../../fake/sink/webhook.ts';
import { freePort } from '../../free-port.ts';
import { proves } from '../../requirement.ts';
import { describeReceiver, type FarEnd, itemsOf, organization } from '../../suite/receiver.ts';

const never = new AbortController().signal;
const posterOf = (egress: Egress) => createPoster(egress, { sink: 'siem', allowPrivate: ['127.0.0.1'] });
const whsec = `whsec_${randomBytes(32).toString('base64')}`;

async function farEnd(ids: () => readonly string[], answer: (post: Post) => Answer) {
  let server: FakeReceiver = await serveReceiver(answer, await freePort());
  const far: FarEnd = {
    ids,
    kill: () => server.close(),
    revive: async () => void (server = await serveReceiver(answer, server.port)),
    close: () => server.close(),
  };
  return { far, origin: server.origin };
}

const splunkOf = (egress: Egress, url: string, change: Partial<SplunkDeps> = {}) =>
  createSplunk({
    url,
    token: new Secret('secret-token'),
    isAcknowledged: true,
    channel: newId(),
    about: { host: 'gw', source: 'drawbridge', sourcetype: 'drawbridge:audit' },
    post: posterOf(egress),
    askEveryMs: 5,
    ...change,
  });
const otlpOf = (egress: Egress, origin: string, change: Partial<Parameters<typeof createOtlp>[0]> = {}) =>
  createOtlp({
    logsUrl: `${origin}/v1/logs`,
    tracesUrl: undefined,
    encoding: 'protobuf',
    headers: {},
    credentials: [],
    resource: { organization, host: 'gw', attributes: {} },
    post: posterOf(egress),
    now: Date.now,
    ...change,
  });
const idOf = ({ attributes }: Pick<FakeLog, 'attributes'>) =>
  attributes.find(({ key }) => key === 'drawbridge.record.id')?.value.stringValue ?? '';

describeReceiver('webhook', async (egress) => {
  const ids: string[] = [];
  const answer = answerWebhook(whsec, ({ data }) => ids.push(...(data.records ?? []).map(({ id }) => id)));
  const { far, origin } = await farEnd(() => ids, answer);
  return {
    far,
    receiver: createWebhook({ url: `${origin}/in`, secret: new Secret(whsec), post: posterOf(egress), now: Date.now }),
  };
});
describeReceiver('splunk', async (egress) => {
  const ids: string[] = [];
  const onEvents = (events: readonly { fields?: Record<string, string> | undefined }[]) =>
    void ids.push(...events.map(({ fields }) => fields?.['id'] ?? ''));
  const { far, origin } = await farEnd(() => ids, answerHec({ token: 'secret-token', asksNeeded: 3, onEvents }));
  return { far, receiver: splunkOf(egress, origin) };
});
for (const encoding of ['protobuf', 'json'] as const)
  describeReceiver(`otlp with ${encoding}`, async (egress) => {
    const ids: string[] = [];
    const { far, origin } = await farEnd(() => ids, answerOtlp({ onLogs: (logs) => void ids.push(...logs.map(idOf)) }));
    return { far, receiver: otlpOf(egress, origin, { encoding }) };
  });

async function scene(answer: (post: Post) => Answer) {
  const server = await serveReceiver(answer);
  const egress = createEgress({ onRefused: () => undefined });
  onTestFinished(async () => {
    await server.close();
    await egress.close();
  });
  return { server, egress };
}

describe('Splunk', () => {
  test('has a batch only once it is acknowledged; one that is not is sent again', async () => {
    proves('sink.splunk-acknowledged', {
      file: 'gateway/sink/splunk.ts',
      find: 'if (said.acks[String(id)] === true) return',
      replace: 'if (Object.hasOwn(said.acks, String(id))) return',
    });
    const kept: string[] = [];
    const onEvents = (events: readonly { fields?: Record<string, string> | undefined }[]) =>
      void kept.push(...events.map(({ fields }) => fields?.['id'] ?? ''));
    const { server, egress } = await scene(answerHec({ token: 'secret-token', asksNeeded: 1_000_000, onEvents }));
    const receiver = splunkOf(egress, server.origin, { acknowledgedWithinMs: 60 });
    expect(await receiver.deliver(itemsOf(3), never)).toEqual({ kind: 'later', reason: 'it did not acknowledge within 0.06 s' });
    expect(kept).toEqual([]);
    const [first] = server.posts;
    expect(first?.headers).toMatchObject({ authorization: 'Splunk secret-token' });
    expect(JSON.parse(first?.body.toString().split('\n')[0] ?? '')).toMatchObject({
      host: 'gw',
      sourcetype: 'drawbridge:audit',
      event: { kind: 'call' },
    });
  });

  test('says what is set up wrong, and that is tried again and nothing is set aside for it', async () => {
    const { server, egress } = await scene(answerHec({ token: 'another', onEvents: () => undefined }));
    const outcome = await splunkOf(egress, server.origin).deliver(itemsOf(1), never);
    expect(outcome).toEqual({ kind: 'later', reason: expect.stringContaining('Invalid token') });
    const { server: plain } = await scene(answerHec({ token: 'secret-token', acknowledges: false, onEvents: () => undefined }));
    expect(await splunkOf(egress, plain.origin).deliver(itemsOf(1), never)).toMatchObject({
      kind: 'later',
      reason: expect.stringContaining('acknowledge: false'),
    });
    expect(await splunkOf(egress, plain.origin, { isAcknowledged: false }).deliver(itemsOf(1), never)).toMatchObject({
      kind: 'delivered',
    });
  });
});

describe('OTLP', () => {
  test('gets each record as a log and each call as a span, at the addresses as they are written, with the same ids', async () => {
    proves('sink.otlp-url-exact', {
      file: 'gateway/sink/otlp.ts',
      find: 'await add(logsUrl, LogsRequest',
      replace: "await add(logsUrl?.replace(/\\?.*$/, ''), LogsRequest",
    });
    const [logs, spans]: [FakeLog[], FakeSpan[]] = [[], []];
    const terms = { logsPath: '/otlp/in?org=7', tracesPath: '/t', onLogs: (of: readonly FakeLog[]) => void logs.push(...of) };
    const { server, egress } = await scene(answerOtlp({ ...terms, onSpans: (of) => void spans.push(...of) }));
    const [logsUrl, tracesUrl] = [`${server.origin}/otlp/in?org=7`, `${server.origin}/t`];
    const receiver = otlpOf(egress, server.origin, {
      logsUrl,
      tracesUrl,
      headers: { 'X-Scope-OrgID': '7' },
      credentials: [{ header: 'DD-API-KEY', value: new Secret('precious') }],
    });
    expect(await receiver.deliver(itemsOf(6), never)).toEqual({ kind: 'delivered', answer: '200, 200' });
    expect([logs.length, spans.length]).toEqual([6, 4]);
    const calls = logs.filter(({ eventName }) => eventName === 'mcp.call');
    expect(calls.map(({ traceId, spanId }) => [traceId, spanId])).toEqual(spans.map(({ traceId, spanId }) => [traceId, spanId]));
    expect(calls[0]?.traceId).toBe(idOf(calls[0] ?? { attributes: [] }).replaceAll('-', ''));
    expect(logs.map(({ severityText }) => severityText)).toEqual(['INFO', 'WARN', 'INFO', 'INFO', 'WARN', 'INFO']);
    expect(BigInt(spans[0]?.endTimeUnixNano ?? 0) - BigInt(spans[0]?.startTimeUnixNano ?? 0)).toBe(1_500_000n);
    expect(server.posts[0]?.headers).toMatchObject({ 'x-scope-orgid': '7', 'dd-api-key': 'precious' });
  });

  test.each(['protobuf', 'json'] as const)(
    'that drops some of them (%s) is believed, and they are not sent again',
    async (encoding) => {
      const { server, egress } = await scene(answerOtlp({ rejects: 2, onLogs: () => undefined }));
      expect(await otlpOf(egress, server.origin, { encoding }).deliver(itemsOf(3), never)).toEqual({
        kind: 'delivered',
        answer: '200',
        rejected: { count: 2, reason: 'it dropped 2: too old' },
      });
    },
  );

  test('that is busy is asked again when it says; what it will not read is refused; a redirect is not followed', async () => {
    proves('sink.http-later', {
      file: 'gateway/sink/post.ts',
      find: 'new Set([400, 406, 411, 413, 415, 422])',
      replace: 'new Set([400, 401, 406, 411, 413, 415, 422, 429, 503])',
    });
    const answers: [Answer, object][] = [
      [
        { status: 429, headers: { 'retry-after': '7' } },
        { kind: 'later', afterMs: 7000, reason: 'it answered 429' },
      ],
      [
        { status: 503, body: 'full\u0007' },
        { kind: 'later', reason: 'it answered 503: full' },
      ],
      [{ status: 401 }, { kind: 'later', reason: 'it answered 401' }],
      [
        { status: 400, body: 'x'.repeat(500) },
        { kind: 'refused', reason: expect.stringMatching(/^.{200,230}…$/) },
      ],
      [
        { status: 307, headers: { location: '/elsewhere' } },
        { kind: 'later', reason: 'it redirects' },
      ],
    ];
    const left = answers.map(([answer]) => answer);
    const { server, egress } = await scene(() => left.shift() ?? { status: 500 });
    const receiver = otlpOf(egress, server.origin);
    for (const [, expected] of answers) expect(await receiver.deliver(itemsOf(1), never)).toEqual(expected);
    expect(server.posts).toHaveLength(answers.length);
  });
});

test('a webhook that comes again has the same id, so that it can be told', async () => {
  const seen: string[] = [];
  const { server, egress } = await scene(answerWebhook(whsec, (_, id) => void seen.push(id)));
  const receiver: Receiver = createWebhook({
    url: server.origin,
    secret: new Secret(whsec),
    post: posterOf(egress),
    now: Date.now,
  });
  const items = itemsOf(2);
  await receiver.deliver(items, never);
  await receiver.deliver(items, never);
  await receiver.deliver(items.slice(1), never);
  expect(seen[0]).toMatch(/^msg_/);
  expect([seen[1] === seen[0], seen[2] === seen[0]]).toEqual([true, false]);
});

test('no receiver is reached at an address that the policy does not allow', async () => {
  const { server } = await scene(() => ({ status: 200 }));
  const egress = createEgress({ onRefused: () => undefined });
  onTestFinished(() => egress.close());
  const receiver = createWebhook({
    url: server.origin,
    secret: new Secret(whsec),
    post: createPoster(egress, { sink: 'siem', allowPrivate: [] }),
    now: Date.now,
  });
  expect(await receiver.deliver(itemsOf(1), never)).toMatchObject({ kind: 'later', reason: expect.stringContaining('private') });
  expect(server.posts).toEqual([]);
});
