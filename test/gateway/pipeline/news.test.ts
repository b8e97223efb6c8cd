// Hosts that listen, against a policy that changes under them: what is honored, what is told, and when it is over.
import { expect, test } from 'vitest';
import type { Hearer } from '../../../gateway/call.ts';
import { compilePins } from '../../../gateway/policy/pins.ts';
import { compileRules } from '../../../gateway/rule/compile.ts';
import { proves } from '../../requirement.ts';
import { compileDeps, policyWith } from '../rule/stage.ts';
import { exposed, ids, notes, scene, wiki } from './hearing.ts';

function say(hearer: Hearer | undefined, subscribed: string, more: object = {}): void {
  const params = { uri: subscribed, ...more };
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/resources/updated', params }));
  hearer?.updated(notes, subscribed, body);
}
const lists = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };

test('what is honored is what policy and server allow; it is said first, and only that is heard', async () => {
  proves('protocol.listen-honored', {
    file: 'gateway/pipeline/news.ts',
    find: "return decision.kind === 'allowed' ? decision.call : shown;",
    replace: "return decision.kind === 'allowed' ? decision.call : (request as AllowedCall);",
  });
  const { listen, hearers, asked } = scene();
  const uris = ['thing://notes__a', 'thing://notes__b', 'thing://notes__refused', 'thing://nobody__a', 'nonsense'];
  const { told } = listen({ toolsListChanged: true, resourceSubscriptions: uris });
  await expect.poll(() => told).toHaveLength(1);
  expect(told[0]).toMatchObject({
    method: 'notifications/subscriptions/acknowledged',
    params: { notifications: { toolsListChanged: true, resourceSubscriptions: ['thing://notes__a'] } },
  });
  expect(asked).toEqual(['+thing://a', '+thing://refused']);
  say(hearers.get('notes'), 'thing://a');
  say(hearers.get('notes'), 'thing://refused');
  expect(told.slice(1)).toMatchObject([{ params: { uri: 'thing://notes__a' } }]);
});

test('much news is told once, and news of what is not exposed never', async () => {
  const { listen, hearers } = scene();
  const { told, methods } = listen(lists);
  await expect.poll(() => hearers.size).toBe(2);
  for (let times = 0; times < 1000; times++)
    for (const server of [notes, wiki]) hearers.get(server)?.listChanged(server, 'tools');
  hearers.get('wiki')?.listChanged(wiki, 'resources');
  hearers.get('notes')?.listChanged(notes, 'prompts');
  await expect.poll(() => told.length).toBeGreaterThan(1);
  hearers.get('notes')?.missed(notes);
  await expect.poll(() => methods().includes('notifications/resources/list_changed')).toBe(true);
  expect(methods().filter((method) => method.includes('tools')).length).toBe(2);
  expect(methods()).not.toContain('notifications/prompts/list_changed');
});

test('a resource that the policy takes away is heard of no more, and its server is told', async () => {
  const { listen, hearers, asked, apply } = scene();
  const { told, methods } = listen({ resourceSubscriptions: ['thing://notes__a'] });
  await expect.poll(() => told).toHaveLength(1);
  apply({ notes: { tools: 'all' }, wiki: { tools: 'all' } });
  say(hearers.get('notes'), 'thing://a');
  expect(asked).toEqual(['+thing://a', '-thing://a']);
  expect(methods()).toEqual([]);
});

test('a resource whose definition counts is heard of, and no more once it does not', async () => {
  proves('pin.subscription', {
    file: 'gateway/pipeline/listening.ts',
    find: '{ ...resolved, seen }',
    replace: '{ ...resolved, seen: undefined }',
  });
  const row = {
    assignment: String(ids.assignments['eng/notes']),
    kind: 'resources',
    name: 'thing://a',
    hash: 'h',
    body: 'b',
    hints: {},
  } as const;
  const pinned = (state: 'accepted' | 'rejected') => ({ pins: compilePins([{ ...row, state, decidedAt: null }]) });
  const seen = () => ({ kind: 'resources', name: 'thing://a', definition: 'h' }) as const;
  const assignments = { notes: exposed };
  const { listen, hearers, asked, apply } = scene(assignments, pinned('accepted'), seen);
  const { told, methods } = listen({ resourceSubscriptions: ['thing://notes__a'] });
  await expect.poll(() => told).toHaveLength(1);
  say(hearers.get('notes'), 'thing://a');
  expect(methods()).toEqual(['notifications/resources/updated']);
  apply(assignments, ['eng'], pinned('rejected'));
  say(hearers.get('notes'), 'thing://a');
  expect(methods()).toEqual(['notifications/resources/updated']);
  expect(asked).toEqual(['+thing://a', '-thing://a']);
});

test('what is listened to passes the rules for requests, and what is heard of it those for answers', async () => {
  proves('rule.listen', {
    file: 'gateway/pipeline/news.ts',
    find: "if (decision.kind === 'allowed') await deps.screen.request(",
    replace: "if (decision.kind === 'refused') await deps.screen.request(",
  });
  const written = [
    { name: 'no-plan', method: 'pattern', patterns: ['plan-\\d+'], for: ['resources'], action: 'block', on: 'request' },
    { name: 'no-words', method: 'pattern', patterns: ['secret'], for: ['resources'], action: 'redact', on: 'response' },
  ];
  const rules = await compileRules(policyWith(written), compileDeps);
  const { listen, hearers, asked, records } = scene({ notes: { resources: ['thing://a', 'thing://plan-7'] } }, { rules });
  const { told } = listen({ resourceSubscriptions: ['thing://notes__a', 'thing://notes__plan-7'] });
  await expect.poll(() => told).toHaveLength(1);
  expect(asked).toEqual(['+thing://a']);
  expect(records).toContainEqual(expect.objectContaining({ method: 'subscriptions/listen', hidden: ['?'] }));
  expect(JSON.stringify(records)).not.toContain('plan-7');
  say(hearers.get('notes'), 'thing://a', { note: 'a secret' });
  await expect.poll(() => told.slice(1)).toMatchObject([{ params: { uri: 'thing://notes__a', note: 'a [REDACTED]' } }]);
});

test('an update of a resource names no task by the id of its server, in which no rule would look', async () => {
  proves('rule.update-names-no-task', {
    file: 'gateway/pipeline/listening.ts',
    find: 'const told = isOfTask(message)',
    replace: 'const told = !isOfTask(message)',
  });
  const rules = await compileRules(
    policyWith([
      { name: 'no-words', method: 'pattern', patterns: ['secret'], for: ['resources'], action: 'redact', on: 'response' },
    ]),
    compileDeps,
  );
  const { listen, hearers } = scene({ notes: exposed }, { rules });
  const { told } = listen({ resourceSubscriptions: ['thing://notes__a'] });
  await expect.poll(() => told).toHaveLength(1);
  const _meta = { 'io.modelcontextprotocol/related-task': { taskId: 'secret' }, note: 'n' };
  say(hearers.get('notes'), 'thing://a', { _meta });
  say(hearers.get('notes'), 'thing://a', { last: true });
  await expect.poll(() => told.at(-1)?.params).toMatchObject({ last: true });
  expect(told.slice(1)).toMatchObject([{ params: { _meta: { note: 'n' } } }, {}]);
  expect(JSON.stringify(told)).not.toMatch(/secret|related-task/);
});

test('a server that is assigned later is listened to as well, one that is taken away no more', async () => {
  const { listen, hearers, closed, apply } = scene({ wiki: { tools: 'all' } });
  const { told, methods } = listen(lists);
  await expect.poll(() => hearers.size).toBe(1);
  apply({ notes: exposed });
  await expect.poll(() => told).toHaveLength(3);
  expect(methods().toSorted()).toEqual(['notifications/resources/list_changed', 'notifications/tools/list_changed']);
  expect([closed, hearers.has('notes')]).toEqual([['wiki'], true]);
});

test('a server that is taken away and given back may have said something meanwhile', async () => {
  const { listen, hearers, again, apply } = scene();
  listen(lists);
  await expect.poll(() => hearers.size).toBe(2);
  apply({ wiki: { tools: 'all' } });
  expect(again).toEqual([]);
  apply({ notes: exposed, wiki: { tools: 'all' } });
  expect(again).toEqual(['notes']);
});

test('a listen ends with its host, with the gateway, and with the right to be there', async () => {
  const { listen, pipeline, apply, closed } = scene();
  const [cancelled, revoked] = [listen(lists, 'one'), listen(lists, 'two')];
  await expect.poll(() => [cancelled.told.length, revoked.told.length]).toEqual([1, 1]);
  cancelled.cancel();
  expect((await cancelled.answered).error?.data.code).toBe('CANCELLED');
  apply({ notes: exposed }, []);
  expect((await revoked.answered).error?.data.code).toBe('GATEWAY_NOT_GRANTED');
  expect((await listen(lists, 'none').answered).error?.data.code).toBe('GATEWAY_NOT_GRANTED');
  apply({ notes: exposed });
  const stopped = listen(lists, 'three');
  await expect.poll(() => stopped.told).toHaveLength(1);
  await pipeline.close();
  expect((await stopped.answered).result).toMatchObject({
    resultType: 'complete',
    _meta: { 'io.modelcontextprotocol/subscriptionId': 'three' },
  });
  // All three heard of two servers at most, and none hears any more.
  expect(closed.length).toBe(5);
});

test('a user who listens too often is refused', async () => {
  const { listen } = scene();
  const all = Array.from({ length: 200 }, (_, index) => listen(lists, String(index)));
  await expect.poll(() => all.every(({ told }) => told.length > 0)).toBe(true);
  expect((await listen(lists, 'more').answered).error?.data.code).toBe('SESSION_LIMIT');
});
