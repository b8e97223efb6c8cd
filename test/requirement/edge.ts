// What is promised of the HTTP edge: headers, statuses, versions.
import type { Requirement } from '../requirement.ts';

const attacks = 'docs/attacks.md';

export const edge: readonly Requirement[] = [
  {
    id: 'edge.one-request',
    promise:
      'What two readers could take for two different requests is refused: lengths that contradict, folded lines, odd line ends.',
    source: attacks,
  },
  { id: 'edge.one-header', promise: 'A header that decides who asks, and for what, stands in a request once.', source: attacks },
  {
    id: 'edge.own-target',
    promise: 'A request whose first line names another site is refused, whatever its Host says.',
    source: attacks,
  },
  { id: 'edge.slow-head', promise: 'A client that never ends its head is cut, and holds up nobody.', source: attacks },
  { id: 'edge.slow-body', promise: 'A client that never ends its body is cut, and holds up nobody.', source: attacks },
  {
    id: 'edge.large-body',
    promise: 'A body over the limit is refused before it was sent, and none of it is kept.',
    source: attacks,
  },
  { id: 'edge.refused-unread', promise: 'What was refused before its body came is not read on.', source: attacks },
  { id: 'edge.nested', promise: 'JSON that is nested too deep is refused, wherever in a message it stands.', source: attacks },
  {
    id: 'edge.relayed-status',
    promise: 'An error of a server whose HTTP status 2026-07-28 fixes reaches a modern host with that status.',
    source: 'MCP 2026-07-28, basic (per-request protocol fields) and basic/transports/streamable-http',
  },
  {
    id: 'edge.header-encoding',
    promise: 'A header value that says it is base64 and is not, exactly, agrees with no body.',
    source: 'MCP 2026-07-28, basic/transports/streamable-http, Value Encoding',
  },
  {
    id: 'edge.param-headers-agree',
    promise: 'A call whose Mcp-Param headers contradict its arguments is refused with -32020.',
    source: 'MCP 2026-07-28, basic/transports/streamable-http, Server Behavior for Custom Headers',
  },
  {
    id: 'edge.param-headers-before-call',
    promise: 'A call is held against the headers that its tool wants mirrored before its server gets it, on both routes.',
    source: 'MCP 2026-07-28, basic/transports/streamable-http, Server Behavior for Custom Headers',
  },
  {
    id: 'edge.state-bound',
    promise: 'The state of a call that waits for input opens for the same caller, route, method and arguments only.',
    source: 'MCP 2026-07-28, basic/patterns/mrtr, Server Requirements',
  },
  {
    id: 'edge.asks-modern-host',
    promise: 'A server of 2026-07-28 may ask a host of that revision for what this host said that it can.',
    source: 'MCP 2026-07-28, basic/patterns/mrtr',
  },
  {
    id: 'edge.asks-legacy-host',
    promise: 'A server of 2026-07-28 that needs input gets it of a host of 2025-11-25 too.',
    source: 'ARCHITECTURE.md, What flows while a call is open',
  },
  {
    id: 'edge.parks-call',
    promise:
      'A server up to 2025-11-25 that asks in the middle of a call of a 2026-07-28 host is answered by its retry, and the call goes on.',
    source: 'ARCHITECTURE.md, What flows while a call is open',
  },
  {
    id: 'edge.round-once',
    promise: 'Each round of a call that waits for its host is gone on with once: a replayed state is refused.',
    source: 'MCP 2026-07-28, basic/patterns/mrtr, Server Requirements',
  },
  {
    id: 'edge.rounds-recorded',
    promise: 'Each question of a call that waits is on record when it is put and when it is answered, under the one call.',
    source: 'ARCHITECTURE.md, What flows while a call is open',
  },
  {
    id: 'edge.parked-reviewed',
    promise:
      'A call that waits for its host is given up at once where its policy, token, connection or workstation is gone, and on record.',
    source: 'ARCHITECTURE.md, What flows while a call is open',
  },
  {
    id: 'edge.parked-bounded',
    promise:
      'Calls that wait for their hosts are bounded for each user and in time; what is given up is cancelled and on record.',
    source: 'ARCHITECTURE.md, What flows while a call is open',
  },
  {
    id: 'edge.task-id-sealed',
    promise: 'The id of a task that a host gets is sealed, never the server’s own.',
    source: 'ARCHITECTURE.md, Tasks',
  },
  {
    id: 'edge.task-owner',
    promise: 'A task is of use only to the user who began it, at the gateway where it began.',
    source: 'MCP 2025-11-25, basic/utilities/tasks, Security Considerations',
  },
  {
    id: 'edge.task-list-in-time',
    promise:
      'A server that does not answer keeps only its own tasks out of a list of tasks, for some seconds, and the record names it.',
    source: 'ARCHITECTURE.md, Tasks',
  },
  {
    id: 'edge.task-decided',
    promise: 'Whatever is done with a task is decided by the policy of now, as a call of its tool is.',
    source: 'ARCHITECTURE.md, Tasks',
  },
  {
    id: 'edge.extensions-pass',
    promise: 'The extensions that a host of 2026-07-28 declares are told to servers of that revision.',
    source: 'MCP 2026-07-28, basic, client capabilities',
  },
  {
    id: 'edge.pages-declared',
    promise: 'A server of any revision learns that its host can show the pages of tools (MCP Apps).',
    source: 'ARCHITECTURE.md, Items',
  },
  {
    id: 'edge.address-needed',
    promise: 'A server up to 2025-11-25 that refuses a call until an address was opened has a 2026-07-28 host asked for it.',
    source: 'MCP 2026-07-28, basic, error codes',
  },
  {
    id: 'edge.capability-missing',
    promise: 'A call that fails for a capability that its request did not declare is answered with -32021 and what is missing.',
    source: 'MCP 2026-07-28, basic, client capabilities',
  },
  {
    id: 'edge.state-after-restart',
    promise: 'A state that is older than the process of the gateway server is told apart from a forged one: its call is lost.',
    source: 'ARCHITECTURE.md, What flows while a call is open',
  },
  {
    id: 'edge.seal-whole',
    promise: 'What a host is given to bring back opens only as it was, to this gateway server and for its purpose.',
    source: 'ARCHITECTURE.md, What flows while a call is open',
  },
  {
    id: 'edge.input-no-secret',
    promise: 'No form that a server of 2026-07-28 wants filled in asks a person for a secret.',
    source: 'MCP 2026-07-28, client/elicitation',
  },
];
