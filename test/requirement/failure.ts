// What is promised for the moment when a part dies.
import type { Requirement } from '../requirement.ts';

export const failure: readonly Requirement[] = [
  {
    id: 'failure.tunnel-lost-at-once',
    promise: 'A lost tunnel ends the calls in flight at once with TUNNEL_LOST, and none of them runs twice.',
    source: 'ARCHITECTURE.md, the tunnel',
  },
  {
    id: 'failure.deadline',
    promise: 'Every call ends within its deadline with a clear error, also where the network swallows everything.',
    source: 'ARCHITECTURE.md, the tunnel',
  },
  {
    id: 'failure.revoked-cut',
    promise: 'Revoking a workstation closes its tunnel and ends its local servers within 2 s.',
    source: 'SECURITY.md',
  },
  {
    id: 'failure.record-before-result',
    promise: 'No result leaves before its record is durable: after a kill -9 no answered call is missing from the audit.',
    source: 'ARCHITECTURE.md, records',
  },
  {
    id: 'failure.disk-full',
    promise: "Where the audit can't be written, calls are refused.",
    source: 'ARCHITECTURE.md, records',
  },
  {
    id: 'recovery.chain-goes-on',
    promise: 'A backup and the key folder bring everything back in an empty data directory, and the audit chain goes on.',
    source: 'docs/data.md',
  },
  {
    id: 'failure.large-answer-own-call',
    promise: 'An answer that is too large to pass fails its own call and no other.',
    source: 'docs/tunnel.md',
  },
  {
    id: 'failure.start-within-timeout',
    promise: 'A call that has to start its server ends within its own time; the start goes on for the next one.',
    source: 'ARCHITECTURE.md, the walk of one tools/call',
  },
  {
    id: 'failure.mute-server-once',
    promise:
      'A server that does not answer holds up the first list of all tools for a moment, and no other; that it was left out is on record and in the answer.',
    source: 'ARCHITECTURE.md, records',
  },
  {
    id: 'failure.forwarded-failed',
    promise:
      'A call that was forwarded and came to nothing is on record as failed, never as refused, and its caller is told that it may have run.',
    source: 'ARCHITECTURE.md, records',
  },
  {
    id: 'failure.garbage-at-once',
    promise: 'An answer that is no MCP message fails the call that it means at once.',
    source: 'ARCHITECTURE.md, the walk of one tools/call',
  },
  {
    id: 'failure.progress-own-call',
    promise: 'Progress keeps open the call that asked for it, and no other.',
    source: 'MCP 2025-11-25, basic/utilities/progress',
  },
  {
    id: 'failure.stale-list-shown',
    promise: 'At the one URL a server that does not answer is listed as its caller last saw it, and that is on record.',
    source: 'ARCHITECTURE.md, Items',
  },
];
