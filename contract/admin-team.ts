// The admin API's operations on teams: who is in one, and which gateways it grants.
import { z } from 'zod';
import { Done, listOf, operation, Page, slugs, title } from './admin-operation.ts';
import { Slug } from './id.ts';
import { PolicyTeam } from './policy.ts';

export const Team = z.object({ slug: Slug, title, gateways: z.array(Slug) });
export type Team = z.infer<typeof Team>;

const params = slugs('team');
const example = { params: { team: 'eng' } };
const capability = 'teams.manage';

export const teamOperations = {
  'teams.list': operation({
    method: 'GET',
    path: '/teams',
    capability: 'people.view',
    summary: 'Lists the teams.',
    query: Page,
    answer: listOf(Team),
  }),
  'teams.read': operation({
    method: 'GET',
    path: '/teams/{team}',
    capability: 'people.view',
    summary: 'Shows a team.',
    params,
    answer: Team,
    example,
  }),
  'teams.create': operation({
    method: 'POST',
    path: '/teams',
    capability,
    summary: 'Makes a team.',
    body: z.strictObject({ slug: Slug, team: PolicyTeam }),
    answer: Team,
    example: { body: { slug: 'design', team: { title: 'Design', gateways: ['main'] } } },
  }),
  'teams.replace': operation({
    method: 'PUT',
    path: '/teams/{team}',
    isConditional: true,
    capability,
    summary: 'Replaces what the policy says of a team: its title and the gateways that it grants.',
    params,
    body: PolicyTeam,
    answer: Team,
    example: { ...example, body: { title: 'Engineers', gateways: ['main'] } },
  }),
  'teams.remove': operation({
    method: 'DELETE',
    path: '/teams/{team}',
    isConditional: true,
    capability,
    summary: 'Removes a team, also from all users.',
    params,
    answer: Done,
    example,
  }),
  'teams.add-user': operation({
    method: 'PUT',
    path: '/teams/{team}/users/{user}',
    capability,
    summary: 'Puts a user of the policy into a team.',
    params: slugs('team', 'user'),
    answer: Done,
    example: { params: { team: 'ops', user: 'ben' } },
  }),
  'teams.remove-user': operation({
    method: 'DELETE',
    path: '/teams/{team}/users/{user}',
    capability,
    summary: 'Takes a user of the policy out of a team.',
    params: slugs('team', 'user'),
    answer: Done,
    example: { params: { team: 'eng', user: 'ben' } },
  }),
};
