// Rules and engines by the admin API: shown, replaced in their order, tried on a sample, and an engine asked for real.
import { expect, onTestFinished, test } from 'vitest';
import { PolicyFile } from '#contract/policy.ts';
import { Slug } from '#contract/id.ts';
import { listen } from '../fake/remote/listen.ts';
import { proves } from '../requirement.ts';
import { until } from '../walk/deployment.ts';
import { openStage } from './stage.ts';

const slug = (text: string) => Slug.parse(text);
const params = { gateway: slug('main') };
const rule = (name: string, pattern: string) => ({
  name: slug(name),
  method: 'pattern' as const,
  action: 'redact' as const,
  patterns: [pattern],
});

/** An engine that answers with this. */
async function engineAnswering(answer: unknown, status = 200) {
  const { origin, seen } = await listen((_, response) => void response.writeHead(status).end(JSON.stringify(answer)));
  return { seen, url: `${origin}/verdict` };
}

async function scene(engines: object = {}) {
  const stage = await openStage(
    PolicyFile.parse({
      version: 1,
      users: { ada: { email: 'ada@example.org', role: 'super-admin' } },
      gateways: { main: { title: 'Main', rules: [rule('one', 'alpha')] }, side: {} },
      ...engines,
    }),
  );
  onTestFinished(() => stage.close());
  return { stage, ada: stage.client(await stage.token('ada')) };
}

test('the rules of a gateway are replaced in their order, all or none, and by whoever saw them last', async () => {
  const { stage, ada } = await scene();
  const seen = await ada.call('rules.list', { params });
  expect(seen).toMatchObject({ answer: { gateway: 'main', rules: [{ name: 'one' }] } });
  const rules = [rule('two', 'beta'), rule('one', 'alpha')];
  const ifMatch = (seen.ok ? seen.etag : undefined) ?? '';
  const put = await ada.call('rules.replace', { params, body: { rules } }, { ifMatch });
  expect(put).toMatchObject({ answer: { rules: [{ name: 'two' }, { name: 'one' }] } });
  expect(await ada.call('rules.replace', { params, body: { rules: [] } }, { ifMatch })).toMatchObject({
    refusal: { status: 412 },
  });
  const wrong = [rule('three', '(?<=x)y'), rule('one', 'alpha')];
  const refused = await ada.call('rules.replace', { params, body: { rules: wrong } });
  expect(refused.ok ? '' : refused.refusal.message).toContain('gateways.main.rules.0.patterns.0');
  const filed = await stage.data.store.filedPolicy();
  expect(filed.gateways[slug('main')]).toMatchObject({ title: 'Main', rules: [{ name: 'two' }, { name: 'one' }] });
  expect(await ada.call('rules.replace', { params, body: { rules: [] } })).toMatchObject({ answer: { rules: [] } });
  expect((await stage.data.store.filedPolicy()).gateways[slug('main')]).not.toHaveProperty('rules');
});

test('a sample is tried on the rules of a gateway, on one of them, or on others, and nothing is changed', async () => {
  proves('admin.rule-test', {
    file: 'gateway/admin/rule.ts',
    find: 'const rules = body.rules ?? rulesOf(policy, params.gateway, body.rule);',
    replace: 'const rules = body.rules ?? [];',
  });
  const { stage, ada } = await scene();
  const before = await stage.data.store.revision();
  const tried = await ada.call('rules.test', { params, body: { sample: 'say alpha and beta' } });
  expect(tried).toMatchObject({
    status: 200,
    answer: { outcome: 'changed', message: 'say [REDACTED] and beta', hits: [{ rule: 'one', pointer: '/arguments' }] },
  });
  const rules = [rule('draft', 'beta')];
  expect(await ada.call('rules.test', { params, body: { sample: 'say alpha and beta', rules } })).toMatchObject({
    answer: { message: 'say alpha and [REDACTED]' },
  });
  expect(await ada.call('rules.test', { params, body: { sample: 'x', rule: slug('none') } })).toMatchObject({
    refusal: { status: 404, code: 'NAME_UNKNOWN' },
  });
  expect(await stage.data.store.revision()).toBe(before);
});

test('an engine is added, asked for real, and stays while a rule would ask it', async () => {
  const { seen, url } = await engineAnswering({ verdict: 'block' });
  const { stage, ada } = await scene();
  const engine = { kind: 'webhook' as const, url, allowPrivate: ['127.0.0.1'] };
  expect(await ada.call('engines.create', { body: { slug: slug('judge'), engine } })).toMatchObject({ status: 201 });
  const at = { params: { engine: slug('judge') } };
  expect(await ada.call('engines.test', at)).toMatchObject({
    answer: { engine: 'judge', outcome: 'answered', words: 'verdict: block' },
  });
  expect(seen.map(({ body }) => body).join('')).toContain('engine_test');
  const judged = { name: slug('judged'), method: 'webhook' as const, engine: slug('judge') };
  expect(await ada.call('rules.replace', { params, body: { rules: [judged] } })).toMatchObject({ ok: true });
  expect(await ada.call('rules.test', { params, body: { sample: 'x' } })).toMatchObject({ answer: { outcome: 'blocked' } });
  const kept = await ada.call('engines.remove', at);
  expect(kept).toMatchObject({ refusal: { status: 409, code: 'UNCHANGEABLE' } });
  expect(kept.ok ? '' : kept.refusal.message).toContain('main/judged');
  await ada.call('rules.replace', { params, body: { rules: [] } });
  expect(await ada.call('engines.remove', at)).toMatchObject({ ok: true });
  const deed = (await stage.data.store.administration.takeDeeds(1, 2, 100)).map(({ deed: { operation } }) => operation);
  const recorded = (await stage.records()).flatMap((one) => (one.kind === 'deed' ? [one.operation] : []));
  expect([...deed, ...recorded]).toContain('engines.test');
});

test('an engine that decides nothing is told with why', async () => {
  const [failing, analyzer] = [await engineAnswering('nothing', 400), await engineAnswering([[]])];
  const reached = { allowPrivate: ['127.0.0.1'], retries: 0 };
  const { ada } = await scene({
    engines: {
      failing: { kind: 'webhook', url: failing.url, ...reached },
      analyzer: { kind: 'presidio', url: analyzer.url, ...reached },
    },
  });
  expect(await ada.call('engines.test', { params: { engine: slug('failing') } })).toMatchObject({
    answer: { outcome: 'failed', words: 'it answered with the status 400' },
  });
  expect(await ada.call('engines.test', { params: { engine: slug('analyzer') } })).toMatchObject({
    answer: { outcome: 'answered', words: 'it found nothing' },
  });
  expect(await ada.call('engines.test', { params: { engine: slug('nowhere') } })).toMatchObject({ refusal: { status: 404 } });
});

test('an engine gets the value of its header, which is shown nowhere; who set it, when, and that it was removed is', async () => {
  const { seen, url } = await engineAnswering({ verdict: 'pass' });
  const engine = { kind: 'webhook' as const, url, allowPrivate: ['127.0.0.1'], secretHeader: 'Authorization' };
  const { stage, ada } = await scene({ engines: { judge: engine } });
  const at = { params: { engine: slug('judge') } };
  const state = async () => await ada.call('engines.status', {});
  expect(await state()).toMatchObject({
    answer: { items: [{ engine: 'judge', secretHeader: 'Authorization', missing: 'was never set', setAt: null }] },
  });
  expect(await ada.call('engines.test', at)).toMatchObject({
    answer: { outcome: 'failed', words: expect.stringContaining('engine secret set judge') },
  });
  expect(seen).toEqual([]);
  const set = { ...at, body: { value: 'Bearer precious' } };
  expect(await ada.call('engines.set-secret', set)).toMatchObject({ answer: { engine: 'judge', header: 'authorization' } });
  expect(await state()).toMatchObject({ answer: { items: [{ missing: null, setAt: stage.now, setBy: 'ada' }] } });
  expect(await ada.call('engines.test', at)).toMatchObject({ answer: { outcome: 'answered' } });
  const rules = [{ name: slug('judged'), method: 'webhook' as const, engine: slug('judge') }];
  expect(await ada.call('rules.test', { params, body: { sample: 'x', rules } })).toMatchObject({ answer: { outcome: 'passed' } });
  expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer precious', 'Bearer precious']);
  expect(await ada.call('engines.remove-secret', at)).toMatchObject({ ok: true });
  expect(await ada.call('engines.test', at)).toMatchObject({ answer: { outcome: 'failed' } });
  expect(seen).toHaveLength(2);
  stage.deeds.look();
  const records = await until('all is on record', async () => {
    const all = (await stage.records()).filter((one) => one.kind === 'deed' && one.operation.endsWith('-secret'));
    return all.length === 2 && all;
  });
  expect(records).toMatchObject([
    { operation: 'engines.set-secret', target: 'judge', before: null, after: { header: 'authorization' } },
    { operation: 'engines.remove-secret', before: { header: 'authorization', setBy: 'ada' }, after: null },
  ]);
  expect(JSON.stringify([records, await state()])).not.toContain('precious');
});
