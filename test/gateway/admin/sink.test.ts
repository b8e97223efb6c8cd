// What an administrator tries at a sink by hand: one marked record, and what was set aside once more.
import { expect, onTestFinished, test } from 'vitest';
import { PolicyFile } from '#contract/policy.ts';
import { resendParked } from '../../../gateway/admin/sink-resend.ts';
import { testSink } from '../../../gateway/admin/sink-test.ts';
import { listSinks, sinkNamed } from '../../../gateway/admin/sink.ts';
import { createEgress } from '../../../gateway/egress/egress.ts';
import { openKeys } from '../../../gateway/vault/open.ts';
import { answerOtlp, type FakeLog } from '../../fake/sink/otlp.ts';
import { type Answer, type Post, serveReceiver } from '../../fake/sink/receiver.ts';
import { organization } from '../../suite/receiver.ts';
import { group } from '../../suite/sample.ts';
import { openData } from '../data.ts';

async function stage(answer: (post: Post) => Answer) {
  const server = await serveReceiver(answer);
  const sinks = {
    logs: { kind: 'otlp', logsUrl: `${server.origin}/v1/logs`, allowPrivate: ['127.0.0.1'], only: { kinds: ['call'] } },
  };
  const data = await openData(PolicyFile.parse({ version: 1, sinks }));
  const egress = createEgress({ onRefused: () => undefined });
  onTestFinished(async () => {
    await server.close();
    await egress.close();
    await data.close();
  });
  const { store, dir: directory } = data;
  const source = { organization, host: 'gateway.example.org', now: Date.now };
  const { keys } = openKeys(directory, []);
  const acting = { store, actor: { kind: 'command-line', osUser: 'root' }, reason: null } as const;
  return {
    server,
    store,
    of: { ...acting, keys, egress, source, directory, slug: 'logs', signal: new AbortController().signal },
  };
}

test('a sink that is tested gets one marked record, whatever its filter is, and owes what it owed', async () => {
  const logs: FakeLog[] = [];
  const { store, of } = await stage(answerOtlp({ onLogs: (got) => void logs.push(...got) }));
  const tested = await testSink(of);
  expect(tested).toMatchObject({ sink: 'logs', outcome: 'delivered', words: '200' });
  expect(logs).toHaveLength(1);
  expect(JSON.parse(logs[0]?.body.stringValue ?? '')).toMatchObject({
    id: tested.id,
    event: 'sink_test',
    detail: { test: true },
  });
  expect(await listSinks(store, 1)).toMatchObject([{ owed: 0, sent: 0 }]);
});

test.each([
  [{ status: 503, body: 'full' }, 'not-now', 'it answered 503: full'],
  [{ status: 400 }, 'refused', 'it answered 400'],
])('what it answers is said: %j', async (answer, outcome, words) => {
  const { of } = await stage(() => answer);
  expect(await testSink(of)).toMatchObject({ outcome, words });
});

test('what was set aside is sent once more, and stays where it is still not taken', async () => {
  let isMended = false;
  const bodies: string[] = [];
  const take = answerOtlp({ onLogs: (got) => void bodies.push(...got.map(({ body }) => body.stringValue)) });
  const { store, of } = await stage((post) => (isMended || !post.body.includes('record 2') ? take(post) : { status: 400 }));
  const [records, seal] = group('main', 0, 3);
  const calls = records.map((one) => ({ ...one, body: JSON.stringify({ kind: 'call', at: one.at, text: `record ${one.seq}` }) }));
  await store.appendRecords(calls, seal);
  const { id } = await sinkNamed(store, 'logs');
  await store.sink.lease(id, 'a', 0, 1);
  const parked = [1, 2].map((seq) => ({ chain: 'main', seq, reason: 'no' }));
  const progress = { cursors: new Map([['main', 3]]), sent: 0, rejected: 0, skipped: 0, error: null, complaint: null, at: 1 };
  await store.sink.report(id, 'a', { ...progress, parked });
  expect(await resendParked(of)).toEqual({
    sink: 'logs',
    delivered: 1,
    left: [{ chain: 'main', seq: 2, reason: 'it answered 400' }],
  });
  isMended = true;
  expect(await resendParked(of)).toEqual({ sink: 'logs', delivered: 1, left: [] });
  expect(bodies.map((body) => (JSON.parse(body) as { seq: number }).seq)).toEqual([1, 2]);
  expect(await store.sink.parked(id)).toEqual([]);
});
