// Sinks over a real store, with what sends to them: for tests of a pump and of what comes by it.
// The rule: everything is real but the far end, which each test brings.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { AuditRecord, EventRecord } from '#contract/audit.ts';
import { PolicyFile } from '#contract/policy.ts';
import { openAuditKey } from '../../../gateway/audit/key.ts';
import { openRecorder } from '../../../gateway/audit/spool.ts';
import { createEgress } from '../../../gateway/egress/egress.ts';
import { openSinks, type Sinks } from '../../../gateway/sink/sinks.ts';
import type { Store } from '../../../gateway/store/store.ts';
import { openKeys } from '../../../gateway/vault/open.ts';
import { organization } from '../../suite/receiver.ts';
import { openData, quiet } from '../data.ts';

export async function stage(sinks: Record<string, object>) {
  const data = await openData();
  const { store, bus, dir } = data;
  const { keys } = openKeys(dir, []);
  const recorder = await openRecorder({ store, ...(await openAuditKey(dir)), chain: 'main', mode: 'durable', logger: quiet });
  const egress = createEgress({ onRefused: () => undefined });
  const source = { organization, host: 'gateway.example.org', now: Date.now };
  const closers: (() => Promise<void>)[] = [];
  const open = async (holder = 'main', of: Store = store): Promise<Sinks> => {
    const opened = await openSinks({
      store: of,
      bus,
      keys,
      recorder,
      source,
      egress,
      holder,
      directory: join(dir, 'sink'),
      logger: quiet,
    });
    closers.push(() => opened.close());
    return opened;
  };
  const apply = async (of: Record<string, object>) => {
    const policy = PolicyFile.parse({ version: 1, gateways: { eng: {} }, sinks: of });
    await store.replacePolicy(policy, await store.revision(), Date.now());
    bus.publish('changed');
  };
  onTestFinished(async () => {
    for (const close of closers.toReversed()) await close();
    await recorder.close();
    await egress.close();
    await data.close();
  });
  await apply(sinks);
  const file = (slug: string) => {
    const path = join(dir, 'sink', slug, 'records.jsonl');
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  const append = async (...records: readonly AuditRecord[]) => {
    for (const record of records) await recorder.append(record);
    return records.map(({ id }) => id as string);
  };
  const events = async (name: string) =>
    (await store.recordsAfter('main', 0, 10_000))
      .map(({ body }) => JSON.parse(body) as EventRecord)
      .filter(({ event }) => event === name);
  const standingOf = async (slug: string) => (await store.sink.standing()).find((one) => one.slug === slug);
  return { ...data, keys, recorder, open, apply, file, append, events, standingOf };
}
export const webhook = (origin: string, more: object = {}) => ({
  kind: 'webhook',
  url: `${origin}/in`,
  allowPrivate: ['127.0.0.1'],
  ...more,
});
export const logs = (origin: string, more: object = {}) => ({
  kind: 'otlp',
  logsUrl: `${origin}/v1/logs`,
  allowPrivate: ['127.0.0.1'],
  ...more,
});
