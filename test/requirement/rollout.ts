// What Drawbridge promises to whoever rolls it out in an organization.
import type { Requirement } from '../requirement.ts';

const guide = 'docs/rollout.md';

export const rollout: readonly Requirement[] = [
  {
    id: 'rollout.pilot',
    promise: 'The pilot counts as done only where a call of a person was answered through a gateway that a team grants.',
    source: `${guide}, 1. A pilot in one gateway`,
  },
  {
    id: 'rollout.devices',
    promise: 'A device counts as converged only while its own word for that is fresh; one that says nothing can not be seen.',
    source: `${guide}, 2. The gateway is the only connector`,
  },
  {
    id: 'rollout.provisioned',
    promise: 'An assignment that exposes all of a kind is named, and counts as done only where somebody says that it is meant.',
    source: `${guide}, 3. Tools are provisioned, rules are on`,
  },
  {
    id: 'rollout.exported',
    promise: 'Logs count as exported only where a receiver confirmed records.',
    source: `${guide}, 4. Logs are exported, and a receiver confirms them`,
  },
  {
    id: 'rollout.read',
    promise: 'The check needs nothing but the database, and a refused call is no use of the pilot.',
    source: `${guide}, The check`,
  },
  {
    id: 'rollout.topology',
    promise: 'Each topology of the guide is a policy that is valid as it stands there.',
    source: 'docs/topologies.md',
  },
];
