// What is promised of directories and of people who leave.
import type { Requirement } from '../requirement.ts';

const people = 'docs/people.md';

export const scim: readonly Requirement[] = [
  {
    id: 'scim.inactive',
    promise: 'Whoever the directory calls not active counts as not there, and comes back with nothing that let them in before.',
    source: people,
  },
  {
    id: 'scim.groups',
    promise: 'Groups of the directory give teams and a role by the mapping of the policy as it is now.',
    source: people,
  },
  {
    id: 'scim.last-super-admin',
    promise: 'No directory and no offboarding takes the last super admin away.',
    source: people,
  },
  {
    id: 'scim.token',
    promise: 'Only a valid token of a directory opens SCIM, and it opens nothing else.',
    source: people,
  },
  {
    id: 'scim.cut',
    promise: 'A deactivation refuses the next call on an open session and closes tunnels.',
    source: people,
  },
  {
    id: 'offboard.cut',
    promise:
      'One command ends all that lets somebody in, on every device and host of theirs, and gives back what they hold at remote servers.',
    source: people,
  },
  {
    id: 'offboard.stays',
    promise: 'Whoever was offboarded stays out under another name, and once their user was removed and made anew.',
    source: people,
  },
  {
    id: 'offboard.own',
    promise: 'Whoever is let back lets nobody else back in: service accounts have no address in common.',
    source: people,
  },
  {
    id: 'offboard.one-person',
    promise: 'Who is taken back takes nobody else along, also where a directory moved addresses between people.',
    source: people,
  },
  {
    id: 'scim.unsaid',
    promise: 'A change that says nothing of whether somebody is active lets nobody in again.',
    source: people,
  },
  {
    id: 'scim.restored',
    promise:
      'A backup that is restored brings nobody back whom the directory removed since, and nothing of whoever counts as not there.',
    source: people,
  },
  {
    id: 'offboard.report',
    promise: 'The report of an offboarding is signed, and one that was changed does not verify.',
    source: people,
  },
  {
    id: 'people.as-whole',
    promise: 'Whoever comes, goes or changes, what is in force is what a look at all of it would give.',
    source: people,
  },
  { id: 'people.one-by-one', promise: 'One more person costs what one person costs, however many there are.', source: people },
  { id: 'people.doubt-whole', promise: 'Where it is not known what changed, everything is read again.', source: people },
  {
    id: 'pipeline.revoked-cut',
    promise: 'A request under way is cancelled when the token or the workstation is revoked by which its caller came.',
    source: people,
  },
  {
    id: 'scim.case-exact',
    promise: 'An externalId is found by its exact letters, upper and lower case.',
    source: people,
  },
  {
    id: 'scim.edits-go-on',
    promise: 'The policy can be changed while a directory provisions people, but never over a change of somebody whom it names.',
    source: people,
  },
  {
    id: 'scim.large-group',
    promise: 'A group with more members than an answer holds is refused with its members, and served without them.',
    source: people,
  },
  {
    id: 'restore.takes-nothing-back',
    promise:
      'A backup that is restored binds nobody to an account again who was unbound since, and takes the last super admin from nobody.',
    source: people,
  },
];
