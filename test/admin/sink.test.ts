// Sinks by the admin API: named, given a secret that is shown nowhere, tried, and looked at.
import { expect, onTestFinished, test } from 'vitest';
import { PolicyFile } from '#contract/policy.ts';
import { openStage } from './stage.ts';

async function scene() {
  const stage = await openStage(
    PolicyFile.parse({
      version: 1,
      users: { ada: { email: 'ada@example.org', role: 'super-admin' } },
      sinks: { archive: { kind: 'file' } },
    }),
  );
  onTestFinished(() => stage.close());
  const token = await stage.token('ada');
  const ask = async (method: string, path: string, body?: object) => {
    const response = await stage.ask(`/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, ...(body && { 'Content-Type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return { stage, ask };
}

test('a sink is added, given its secret, and shown with neither the secret nor what it is sealed in', async () => {
  const { stage, ask } = await scene();
  const sink = { kind: 'splunk', url: 'https://splunk.example.org:8088' };
  expect(await ask('POST', '/sinks', { slug: 'splunk', sink })).toMatchObject({ status: 201, body: { slug: 'splunk', sink } });
  expect((await ask('GET', '/sink-status')).body).toMatchObject({
    items: [
      { sink: 'archive', state: 'sending' },
      { sink: 'splunk', state: 'needs-secret', missing: ['token'] },
    ],
  });
  expect(await ask('PUT', '/sinks/splunk/secret', { value: 'precious-token' })).toEqual({
    status: 200,
    body: { sink: 'splunk', name: 'token', origin: 'https://splunk.example.org:8088' },
  });
  expect(await ask('PUT', '/sinks/splunk/secret', { value: 'two\nlines' })).toMatchObject({ status: 400 });
  const shown = [await ask('GET', '/sinks'), await ask('GET', '/sinks/splunk'), await ask('GET', '/sink-status')];
  stage.deeds.look();
  await expect
    .poll(async () => JSON.stringify(await stage.records()).includes('sinks.set-secret'), { timeout: 10_000 })
    .toBe(true);
  const everything = JSON.stringify([shown, await stage.records()]);
  expect(everything).not.toContain('precious-token');
  expect(await ask('DELETE', '/sinks/splunk')).toMatchObject({ status: 200 });
  expect(await stage.data.store.sink.secrets()).toEqual([]);
});

test('a test of a sink tells what came back', async () => {
  const { ask } = await scene();
  expect(await ask('POST', '/sinks/archive/test')).toMatchObject({
    status: 201,
    body: { sink: 'archive', outcome: 'delivered', words: expect.stringContaining('records.jsonl') },
  });
  expect(await ask('POST', '/sinks/archive/resend')).toMatchObject({ status: 201, body: { delivered: 0, left: [] } });
  expect(await ask('POST', '/sinks/nowhere/test')).toMatchObject({ status: 404 });
});
