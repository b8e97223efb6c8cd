// What is promised of the files that are generated for IT.
import type { Requirement } from '../requirement.ts';

const source = 'docs/settings.md';

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
];
