// What is promised of the real AI hosts: npm's own programs, started on the config that Drawbridge changed.
import type { Requirement } from '../requirement.ts';

const source = 'docs/host-configs.md, Tried with the hosts themselves';

export const realHost: readonly Requirement[] = [
  {
    id: 'real-host.calls',
    promise: 'A real AI host on its converged config lists and calls a tool through the gateway, and is on record by its name.',
    source,
  },
  {
    id: 'real-host.unapproved',
    promise: 'A real AI host does not reach a server that it had before and that is not approved; the refusal is on record.',
    source,
  },
  {
    id: 'real-host.signs-in',
    promise:
      'A host signs in from the files that the bridge made, with a browser and no other credential, and is asked once for all its servers.',
    source: 'docs/sign-in.md, Hosts',
  },
  {
    id: 'real-host.permission',
    promise: 'What a user allowed in a real AI host, and did not, is the same before and after its config was changed.',
    source,
  },
];
