// What is promised of the sinks that records are sent to.
import type { Requirement } from '../requirement.ts';

export const sink: readonly Requirement[] = [
  {
    id: 'sink.begins-with-policy',
    promise: 'A sink owes exactly the records that are committed after the policy that names it.',
    source: 'docs/siem.md, "What is sent"',
  },
  {
    id: 'sink.one-sender',
    promise: 'Of several gateway servers on one database one sends to a sink at a time; another goes on where it ends.',
    source: 'docs/siem.md, "What is sent"',
  },
  {
    id: 'sink.secret-bound',
    promise: 'The secret of a sink goes nowhere but to the address for which it was set.',
    source: 'docs/siem.md, "Secrets"',
  },
];
