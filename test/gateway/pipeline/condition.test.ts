// What is exposed by conditions: by the definition that its caller was shown and that somebody stood for, and by nothing else.
import { expect, test } from 'vitest';
import type { CallRecord } from '#contract/audit.ts';
import { proves } from '../../requirement.ts';
import { stage } from './pinned-stage.ts';

const reads = { annotations: { readOnlyHint: true } };
const writes = { annotations: { readOnlyHint: false } };
const ifRead = { if: { readOnlyHint: true } };
const codes = ({ records }: ReturnType<typeof stage>) =>
  records.flatMap((record) => (record.kind === 'call' && record.code !== null ? [record.code] : []));
const hidden = ({ records }: ReturnType<typeof stage>): CallRecord['hidden'] =>
  records.flatMap((record) => (record.kind === 'call' ? record.hidden : []));

test('a tool is shown and may be used where its definition fits, or where it is named; all else is hidden and refused, on record', async () => {
  proves('policy.condition', {
    file: 'gateway/policy/exposure.ts',
    find: 'fitsHints(said) && fitsName(name)',
    replace: 'fitsName(name)',
  });
  const here = stage(
    { tools: ['drop', { if: { readOnlyHint: true, name: 'get_*' } }] },
    { tools: { get_a: reads, get_b: writes, get_c: {}, list: reads, drop: writes } },
  );
  expect(await here.ask('tools/list')).toEqual(['get_a', 'drop']);
  expect(hidden(here)).toEqual(['get_b', 'get_c', 'list']);
  expect([await here.call('get_a'), await here.call('drop')]).toEqual(['answered', 'answered']);
  for (const name of ['get_b', 'get_c', 'list']) expect(await here.call(name)).toBe('CONDITION_UNMET');
  expect(codes(here)).toEqual(['CONDITION_UNMET', 'CONDITION_UNMET', 'CONDITION_UNMET']);
});

test('before a list was asked for, the first call asks for it', async () => {
  const here = stage({ tools: [ifRead] }, { tools: { get: reads, put: writes } });
  expect([await here.call('put'), await here.call('get'), here.asked()]).toEqual(['CONDITION_UNMET', 'answered', 1]);
});

test('what no list shows fits no condition, also where its name would', async () => {
  proves('policy.condition-seen', {
    file: 'gateway/policy/exposure.ts',
    find: 'if (conditions.length === 0 || definition === undefined) return false;',
    replace: 'if (definition === undefined) return conditions.some(({ fitsName }) => fitsName(name));',
  });
  const here = stage({ tools: [{ if: { name: 'get_*' } }] }, { tools: { get_a: {} } });
  expect([await here.call('get_a'), await here.call('get_b')]).toEqual(['answered', 'CONDITION_UNMET']);
});

test('a definition that changes what it says of itself is on hold or fits no more, and is back only where it fits again', async () => {
  const said: Record<string, Record<string, object>> = { tools: { get: reads, put: writes } };
  const here = stage({ tools: [ifRead] }, said);
  expect(await here.ask('tools/list')).toEqual(['get']);
  said['tools'] = { get: writes, put: reads };
  expect(await here.ask('tools/list')).toEqual([]);
  expect([await here.call('get'), await here.call('put')]).toEqual(['CONDITION_UNMET', 'ITEM_ON_HOLD']);
  await here.decide('get', 'accepted');
  await here.decide('put', 'accepted');
  expect(await here.ask('tools/list')).toEqual(['put']);
  expect([await here.call('get'), await here.call('put')]).toEqual(['CONDITION_UNMET', 'answered']);
});

test('where everything waits, what would fit waits too', async () => {
  const here = stage({ tools: [ifRead], pins: 'approve' }, { tools: { get: reads, put: writes } });
  expect(await here.ask('tools/list')).toEqual([]);
  expect([await here.call('get'), await here.call('put')]).toEqual(['ITEM_ON_HOLD', 'CONDITION_UNMET']);
  await here.decide('get', 'accepted');
  expect([await here.ask('tools/list'), await here.call('get')]).toEqual([['get'], 'answered']);
});

test('where nothing is kept of definitions, a condition exposes nothing', async () => {
  const here = stage({ tools: ['put', { if: { name: '*' } }], pins: 'off' }, { tools: { get: reads, put: writes } });
  expect(await here.ask('tools/list')).toEqual(['put']);
  expect([await here.call('get'), await here.call('put')]).toEqual(['CONDITION_UNMET', 'answered']);
});

test('a definition that can be read in two ways fits no hint', async () => {
  const twice = '{"name":"put","annotations":{"readOnlyHint":false,"readOnlyHint":true}}';
  const here = stage({ tools: [ifRead] }, { tools: { get: reads, put: twice } });
  expect(await here.ask('tools/list')).toEqual(['get']);
  await here.decide('put', 'accepted');
  expect(await here.ask('tools/list')).toEqual(['get']);
});

test('resources fit by their URIs, and by templates that fit', async () => {
  const here = stage(
    { resources: [{ if: { name: 'note://a/*' } }], templates: [{ if: { name: 'log://*' } }] },
    {
      resources: { 'note://a/1': { name: 'One' }, 'note://b/1': { name: 'Two' } },
      templates: { 'log://{day}': { name: 'Logs' }, 'mail://{id}': { name: 'Mail' } },
    },
  );
  expect([await here.read('note://a/1'), await here.read('log://today')]).toEqual(['answered', 'answered']);
  // It is in no list; it is named by none; its template does not fit.
  for (const uri of ['note://a/2', 'note://b/1', 'mail://1']) expect(await here.read(uri)).toBe('CONDITION_UNMET');
  await here.decide('log://{day}', 'waiting');
  expect(await here.read('log://today')).toBe('CONDITION_UNMET');
});
