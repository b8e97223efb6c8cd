// Large policies are read beside what else goes on, and say the same.
import { expect, test } from 'vitest';
import { readInput } from '#contract/admin-operation.ts';
import { operationOf } from '#contract/admin.ts';
import { readPolicy } from '../../../gateway/admin/policy-file.ts';
import { readPolicyAside } from '../../../gateway/admin/policy-reader.ts';
import { proves } from '../../requirement.ts';

const fileOf = (users: number, more = '') =>
  `version: 1\nusers:\n${Array.from({ length: users }, (_, index) => `  user-${index}: { email: user-${index}@example.org }\n`).join('')}${more}`;

test('calls go on while a large policy is read', async () => {
  proves('admin.policy-aside', {
    file: 'gateway/admin/policy-reader.ts',
    find: 'if (text.length <= asideFrom) return readPolicy(text);',
    replace: 'if (text.length > 0) return readPolicy(text);',
  });
  const text = fileOf(2000);
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const read = await readPolicyAside(text);
  isOver = true;
  expect(turns).toBeGreaterThan(10);
  expect(read).toEqual(readPolicy(text));
});

test('a text that takes too long to read is refused, and says so', async () => {
  proves('admin.policy-aside-bounded', {
    file: 'gateway/admin/policy-reader.ts',
    find: 'timer = setTimeout(() => reject(tooMuch()), atMostMs);',
    replace: '',
  });
  const text = `version: 1\nusers: ${'{a: '.repeat(20_000)}`;
  await expect(readPolicyAside(text, 1)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
});

test('a short text that is deep is read beside the calls too', async () => {
  const text = `version: 1\nusers: ${'{a: '.repeat(2000)}`;
  let turns = 0;
  const ticking = setInterval(() => turns++, 1);
  expect(await readPolicyAside(text)).toMatchObject({ kind: 'invalid', problems: [{ line: 2 }] });
  clearInterval(ticking);
  expect(turns).toBeGreaterThan(5);
});

test('problems of a large policy are told as those of a small one', async () => {
  const text = fileOf(2000, 'gateway: {}\nteams: { eng: { gateways: [nowhere] } }\n');
  const read = await readPolicyAside(text);
  expect(read).toEqual(readPolicy(text));
  expect(read).toMatchObject({ kind: 'invalid', problems: [{ line: 2003, key: 'gateway' }, { key: 'teams.eng.gateways[0]' }] });
});

test('one that is too large for the admin API is refused, and who sent it is told where it would go', () => {
  const read = readInput(operationOf('policy.plan'), { params: {}, query: {}, body: { text: ' '.repeat(4 * 2 ** 20 + 1) } });
  expect(read).toMatchObject({ kind: 'invalid', problems: [{ path: 'body.text', message: expect.stringContaining('apply') }] });
});
