// What a preview says of each item, beside what that person's hosts are shown: the same list, and why the rest is hidden.
import { expect, test } from 'vitest';
import { Slug } from '#contract/id.ts';
import { proves } from '../../requirement.ts';
import { stage } from './pinned-stage.ts';

const reads = { annotations: { readOnlyHint: true } };
const writes = { annotations: { readOnlyHint: false } };
const said = () => ({ tools: { get: { ...reads, description: 'Gets.' }, put: writes, drop: writes, poisoned: reads } });
const exposed = { tools: ['drop', { if: { readOnlyHint: true } }], stepUp: ['drop'] };

test('shows what the person sees, under the name and with the words that they see, and says why the rest is hidden', async () => {
  proves('preview.same', {
    file: 'gateway/pipeline/list.ts',
    find: 'deps.watch?.shown(looked.assignment, item, as);',
    replace: 'deps.watch?.shown(looked.assignment, item, { ...as, name: item.name });',
  });
  const here = stage(exposed, said());
  await here.ask('tools/list');
  await here.decide('poisoned', 'waiting');
  const { items, servers, refused, beyond } = await here.preview();
  expect([refused, beyond]).toEqual([null, 0]);
  expect(
    items.map(({ name, shownAs, description, hidden, needsStepUp }) => [name, shownAs, description, hidden?.code, needsStepUp]),
  ).toEqual([
    ['drop', 'notes__drop', null, undefined, true],
    ['get', 'notes__get', 'Gets.', undefined, false],
    ['poisoned', null, null, 'ITEM_ON_HOLD', false],
    ['put', null, null, 'CONDITION_UNMET', false],
  ]);
  expect(servers).toEqual([{ kind: 'tools', server: 'notes', state: 'listed', why: null, workstation: null, identity: 'none' }]);
  const shown = items.flatMap(({ name, hidden }) => (hidden ? [] : [name]));
  expect((await here.ask('tools/list')) as string[]).toEqual(expect.arrayContaining(shown));
});

test('is no call of that person: nothing of it is on record as one, no list of theirs changes, and its session ends', async () => {
  proves('preview.no-call', {
    file: 'gateway/pipeline/preview.ts',
    find: 'deps.upstream.release(conversation);',
    replace: 'void conversation;',
  });
  const lists = said();
  const here = stage(exposed, lists);
  expect(await here.call('get')).toBe('answered');
  const [records, asked] = [here.records.length, here.asked()];
  await here.preview();
  expect(here.records.slice(records).filter(({ kind }) => kind === 'call')).toEqual([]);
  expect(here.released).toEqual([expect.stringMatching(/^preview /)]);
  // What the host was shown is what it was: nobody asks for it again.
  expect([await here.call('get'), here.asked()]).toEqual(['answered', asked + 1]);
});

test('of somebody who may not enter says why, and asks no server', async () => {
  const here = stage(exposed, said());
  const { refused, servers, items } = await here.preview({ user: Slug.parse('bob') });
  expect([refused?.code, servers, items, here.asked()]).toEqual(['GATEWAY_NOT_GRANTED', [], [], 0]);
});

test('of all kinds says of which nothing is exposed', async () => {
  const here = stage(exposed, said());
  const { servers } = await here.preview({ kind: undefined });
  expect(servers.map(({ kind, state }) => [kind, state])).toEqual([
    ['tools', 'listed'],
    ['prompts', 'silent'],
    ['resources', 'silent'],
    ['templates', 'silent'],
  ]);
  expect(here.asked()).toBe(1);
});
