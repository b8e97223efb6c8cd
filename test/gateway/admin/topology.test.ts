// The policies of docs/topologies.md, as they stand there: whoever copies one gets what the guide says.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { reachedGateways } from '#contract/grant.ts';
import { readPolicy } from '../../../gateway/admin/policy-file.ts';
import { rolloutOf } from '../../../gateway/admin/rollout.ts';
import { proves } from '../../requirement.ts';

const text = readFileSync(new URL('../../../docs/topologies.md', import.meta.url), 'utf8');
const examples = text
  .split('\n## ')
  .slice(1)
  .map((section) => [section.split('\n')[0] ?? '', /```yaml\n([^`]+)```/.exec(section)?.[1] ?? ''] as const);

test('the guide has four topologies, each with a policy', () => {
  expect(examples.map(([title]) => title)).toEqual(['Organization-wide', 'Per team', 'Per server', 'Per use case']);
});

test.each(examples)(
  '%s: the policy is valid, everybody in it reaches a gateway, and what it exposes is provisioned',
  (_, yaml) => {
    proves('rollout.topology', {
      file: 'docs/topologies.md',
      find: 'tracker-users: { gateways: [tracker] }',
      replace: 'tracker-users: { gateways: [trackers] }',
    });
    const read = readPolicy(yaml);
    if (read.kind !== 'policy') throw new Error(JSON.stringify(read));
    const { policy } = read;
    for (const user of Object.values(policy.users)) expect(reachedGateways(policy, user).size).toBeGreaterThan(0);
    const none = { workstations: [], postures: new Map(), calls: [], sinks: [], engines: [], isAllMeant: false, now: 1 };
    const { steps } = rolloutOf({ policy, ...none });
    expect(steps[2]).toMatchObject({ state: 'done' });
    expect(steps[0]?.checks[0]).toMatchObject({ state: 'done' });
  },
);
