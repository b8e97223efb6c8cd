// What is promised of the files that are generated for IT.
import type { Requirement } from '../requirement.ts';

const source = 'docs/settings.md';
const mdm = 'docs/mdm.md';

export const generate: readonly Requirement[] = [
  { id: 'generate.fresh', promise: 'Every generated file and document is what the contract says now, or a test fails.', source },
  {
    id: 'generate.one-command',
    promise: 'One changed setting changes every profile artifact and the reference, by one command.',
    source,
  },
  { id: 'generate.admx-valid', promise: 'The administrative template is valid, whatever kinds of settings there are.', source },
  { id: 'generate.admx-resolved', promise: 'Every string and window that the template names is there.', source },
  {
    id: 'generate.mobileconfig-round-trip',
    promise: 'What the configuration profile holds is read back as the values of the table.',
    source,
  },
  { id: 'generate.jamf-valid', promise: 'The Jamf Pro manifest is a schema, and what its form sends is understood.', source },
  { id: 'generate.schema-strict', promise: "The profile file's schema refuses a setting that is not known.", source },
  { id: 'generate.schema-agrees', promise: "What the profile file's schema accepts the parser accepts.", source },
  {
    id: 'puller.verdicts',
    promise: 'Each script gives the right verdict for what is compliant, not compliant, stale, absent and unreadable.',
    source: mdm,
  },
  { id: 'puller.owner', promise: 'No script trusts a posture file that belongs to somebody else.', source: mdm },
  { id: 'puller.worst', promise: 'Of several users who are logged in the worst verdict counts.', source: mdm },
  { id: 'puller.command', promise: '`drawbridge posture` says the same as the scripts, in each of its formats.', source: mdm },
  { id: 'puller.rules', promise: "Intune's rules ask for exactly what the discovery scripts print.", source: mdm },
  { id: 'puller.osquery-columns', promise: "osquery's tables have the columns of the mirror.", source: mdm },
  {
    id: 'puller.osquery-verdict',
    promise: "osquery's verdict is made when it is asked for, so that a mirror turns stale by itself.",
    source: mdm,
  },
  {
    id: 'puller.not-held',
    promise: 'On Linux, a script that root runs is not held up by a pipe that takes the place of the file while it is read.',
    source: 'docs/mdm.md',
  },
];
