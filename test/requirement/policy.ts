// What is promised of decisions: who may reach what.
import type { Requirement } from '../requirement.ts';

export const policy: readonly Requirement[] = [
  {
    id: 'policy.absent-means-no',
    promise: 'A tool, server or gateway that the policy does not name is refused.',
    source: 'ARCHITECTURE.md, the walk of one tools/call',
  },
  {
    id: 'policy.team-grants',
    promise: 'Only users of a team that grants a gateway may enter it.',
    source: 'ARCHITECTURE.md, words',
  },
  { id: 'policy.token-gateway', promise: 'A token for one gateway opens no other.', source: 'docs/gateway-cli.md' },
  {
    id: 'policy.own-workstation',
    promise: "A call reaches the caller's own workstation, never another person's.",
    source: 'ARCHITECTURE.md, the tunnel',
  },
  {
    id: 'policy.ambiguity-refused',
    promise: 'Between several workstations the gateway does not guess.',
    source: 'ARCHITECTURE.md, the tunnel',
  },
  {
    id: 'policy.last-device',
    promise:
      'Of two devices of its user that offer a server, a host with a URL is served by the one that served the last call of it.',
    source: 'docs/tunnel.md, Which workstation serves a call',
  },
  {
    id: 'policy.template-no-dots',
    promise: 'A template exposes no URI whose dot segments a server could resolve to something else.',
    source: 'docs/gateway-cli.md, Items',
  },
  {
    id: 'policy.lists-own',
    promise: 'A kept list is shown to the user and host that got it, and to no other.',
    source: 'ARCHITECTURE.md, Items',
  },
  {
    id: 'policy.template-understood',
    promise: 'A policy file with a URI template that could match nothing is refused at that template.',
    source: 'docs/gateway-cli.md, Items',
  },
  {
    id: 'policy.lists-filtered',
    promise: 'A list shows what is provisioned and nothing else, whatever its servers have.',
    source: 'docs/gateway-cli.md, Items',
  },
  {
    id: 'policy.condition',
    promise: 'A condition exposes what fits all of it, and nothing else.',
    source: 'docs/gateway-cli.md, Conditions',
  },
  {
    id: 'policy.condition-said',
    promise: 'A hint fits where the definition says it; what it does not say fits neither true nor false.',
    source: 'docs/gateway-cli.md, Conditions',
  },
  {
    id: 'policy.condition-seen',
    promise: 'What no list of the server showed fits no condition.',
    source: 'docs/gateway-cli.md, Conditions',
  },
  {
    id: 'policy.condition-unpinned',
    promise: 'A condition in an assignment whose definitions nobody keeps is refused before it is applied.',
    source: 'docs/gateway-cli.md, Conditions',
  },
  {
    id: 'policy.decided-last',
    promise: 'What may be used is decided by the policy of the moment in which it is forwarded.',
    source: 'ARCHITECTURE.md, Items',
  },
  {
    id: 'policy.cut-name-hidden',
    promise: 'A tool that is not exposed is as unknown by its cut name as one that does not exist.',
    source: 'ARCHITECTURE.md, Items',
  },
  {
    id: 'policy.foreign-method-closed',
    promise: 'A method that is foreign to MCP reaches a server only where the assignment exposes it.',
    source: 'docs/gateway-cli.md, Items',
  },
  {
    id: 'policy.foreign-question-now',
    promise: 'What a server asks by a foreign method is asked only where the policy of that moment exposes it.',
    source: 'docs/gateway-cli.md',
  },
  {
    id: 'policy.foreign-notification-closed',
    promise: 'What a server says by a notification that is foreign to MCP reaches a host only where the assignment exposes it.',
    source: 'docs/gateway-cli.md, Items',
  },
  {
    id: 'policy.foreign-told-closed',
    promise: 'What a host says by a notification that is foreign to MCP reaches a server only where the assignment exposes it.',
    source: 'docs/gateway-cli.md, Items',
  },
];
