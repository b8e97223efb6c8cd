// What is promised of the HTTP edge: headers, statuses, versions.
import type { Requirement } from '../requirement.ts';

export const edge: readonly Requirement[] = [
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
];
