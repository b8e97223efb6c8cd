// Groups of a directory whose names are digits: a place in the file is none for them, so they have a rank.
import { expect, test } from 'vitest';
import { groupsInOrder } from '#contract/grant.ts';
import { readPolicy } from '../../../gateway/admin/policy-file.ts';
import { proves } from '../../requirement.ts';

const fileOf = (...groups: readonly string[]) =>
  ['version: 1', 'roles: { low: { capabilities: [] }, high: { capabilities: [] } }', 'directory:', '  groups:']
    .concat(groups.map((group) => `    ${group}`))
    .join('\n');

test('the group with the lowest rank counts, then those without one in the order of the file', () => {
  const read = readPolicy(
    fileOf('last: { role: low }', 'later: { role: low }', '"4711": { role: high, rank: 2 }', 'first: { role: low, rank: 1 }'),
  );
  if (read.kind === 'invalid') throw new Error(JSON.stringify(read.problems));
  expect(groupsInOrder(read.policy).map(([name]) => name)).toEqual(['first', '4711', 'last', 'later']);
});

test('a name of digits without a rank is refused where another group gives a role too, and so are two of one rank', () => {
  proves('admin.group-rank', {
    file: 'gateway/admin/contradiction.ts',
    find: 'if (rank !== undefined || giving.length === 1 || !placeless.test(name)) return [];',
    replace: 'return [];',
  });
  const problems = (...groups: readonly string[]) => {
    const read = readPolicy(fileOf(...groups));
    return read.kind === 'invalid' ? read.problems.map(({ line, key }) => `${line} ${key}`) : [];
  };
  expect(problems('boss: { role: high }', '"4711": { role: low }')).toEqual(['6 directory.groups.4711']);
  expect(problems('boss: { role: high, rank: 3 }', '"4711": { role: low, rank: 3 }')).toHaveLength(1);
  expect(problems('boss: { role: high }', '"4711": { teams: [] }')).toEqual([]);
  expect(problems('"4711": { role: low }')).toEqual([]);
  expect(problems('boss: { role: high }', '"04711": { role: low }')).toEqual([]);
});
