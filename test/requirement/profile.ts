// What the profile promises: whose word counts, and what happens to a word that makes no sense.
import type { Requirement } from '../requirement.ts';

const source = 'docs/profile.md';

export const profile: readonly Requirement[] = [
  { id: 'profile.root-owned', promise: "IT's profile counts only as a regular file that nobody but root can write.", source },
  {
    id: 'profile.named-owned',
    promise: "A profile named by --profile counts only if it is yours or root's and only its owner can write it.",
    source,
  },
  { id: 'profile.system-wins', promise: "Where IT's own profile is in force, --profile changes nothing.", source },
  { id: 'profile.unknown-key', promise: 'A setting that is not known is a finding that names the nearest one.', source },
  { id: 'profile.last-good', promise: 'A value that is not valid leaves the last good one in force, and is a finding.', source },
  {
    id: 'profile.strict',
    promise: 'A value that was never valid is taken as the strictest where the default would be laxer.',
    source,
  },
  { id: 'profile.strings', promise: 'Structured values may come as JSON text, numbers and booleans as strings.', source },
  {
    id: 'profile.no-echo',
    promise: 'What is said of a bad value never repeats it, and environment values of local servers are not shown.',
    source,
  },
  { id: 'profile.watched', promise: 'A changed profile is in force without a restart.', source },
  {
    id: 'profile.mdm-first',
    promise: "What an MDM forces stands over root's file, setting by setting.",
    source,
  },
  {
    id: 'profile.mdm-trusted',
    promise: 'Managed preferences that somebody else could have written do not count, and the last good ones stay.',
    source,
  },
  {
    id: 'profile.registry-silent',
    promise: "Policies of Windows that can't be read are told, and the last good ones stay.",
    source,
  },
  {
    id: 'profile.twice',
    promise: 'A setting that a file says twice, or that says a key twice inside, is not valid, and the finding names the key.',
    source,
  },
  {
    id: 'profile.slip-closed',
    promise: "Where IT's file no longer counts, what it had set stays in force as long as the agent runs.",
    source,
  },
];
