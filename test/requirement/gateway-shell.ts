// What the gateway server's shell promises: its command line, its settings, its door, and who calls.
import type { Requirement } from '../requirement.ts';

const cli = 'docs/gateway-cli.md';
const walk = 'ARCHITECTURE.md, the walk of one tools/call';

export const gatewayShell: readonly Requirement[] = [
  {
    id: 'gateway-shell.policy-problem-found',
    promise: 'Each problem of a policy file is shown with its file, line, column and key.',
    source: cli,
  },
  {
    id: 'gateway-shell.own-compiled-code',
    promise: 'Compiled code is kept, and run again, only in a data directory that nobody else may write.',
    source: 'docs/data.md',
  },
  {
    id: 'gateway-shell.idle-wakes',
    promise:
      'What a gateway server does again and again it does in few wakes: what may be a little late waits for one that comes anyway.',
    source: 'docs/data.md, "Changes"',
  },
  { id: 'gateway-shell.policy-all-or-nothing', promise: 'A policy file with a problem changes nothing.', source: cli },
  { id: 'gateway-shell.policy-twice', promise: 'Applying the same policy again is no change.', source: cli },
  {
    id: 'gateway-shell.policy-conflict',
    promise: 'A policy is applied to the data that its plan was made of, or planned anew.',
    source: cli,
  },
  {
    id: 'gateway-shell.plan-complete',
    promise: 'The plan names a change wherever a policy would mean something else.',
    source: cli,
  },
  { id: 'gateway-shell.token-expiry', promise: 'An expired token is refused at its next use.', source: walk },
  { id: 'gateway-shell.token-forgotten', promise: 'What is remembered of tokens is forgotten at every change.', source: walk },
  {
    id: 'gateway-shell.token-race',
    promise: 'A token that was looked up while something changed is looked up again.',
    source: walk,
  },
  {
    id: 'gateway-shell.revoked-within-a-second',
    promise: 'A token revoked by the command line is refused within a second.',
    source: cli,
  },
  {
    id: 'gateway-shell.plaintext-refused',
    promise: 'Plain http is served on loopback only, or behind a named proxy.',
    source: cli,
  },
  {
    id: 'gateway-shell.host-header',
    promise: 'A request whose Host header names another site is refused before anything else.',
    source: 'MCP 2026-07-28, basic/transports: DNS rebinding',
  },
  {
    id: 'gateway-shell.origin-header',
    promise: 'A request from a web page of another origin is refused with 403.',
    source: 'MCP 2026-07-28, basic/transports: Origin',
  },
  { id: 'gateway-shell.forwarded-believed', promise: 'X-Forwarded headers are believed of trusted proxies only.', source: cli },
  {
    id: 'gateway-shell.cause-hidden',
    promise: 'What nobody expected is answered with a reference; its cause stands in the log only.',
    source: 'CONTRIBUTING.md, errors',
  },
  { id: 'gateway-shell.graceful-stop', promise: 'A request that runs when the server stops is answered first.', source: cli },
  {
    id: 'gateway-shell.audit-readiness',
    promise: 'A gateway server whose audit refuses records says that it is not ready.',
    source: cli,
  },
  { id: 'gateway-shell.metrics-whole', promise: 'Each look at the metrics has counted all calls that are over.', source: cli },
  { id: 'gateway-shell.metrics-loopback', promise: 'Metrics are read under a loopback name only.', source: cli },
  {
    id: 'gateway-shell.approval-exact',
    promise: 'Without a fingerprint only the one undecided command of that name is approved.',
    source: cli,
  },
  {
    id: 'gateway-shell.approval-undisputed',
    promise: 'A command that two workstations describe in different ways is not approved.',
    source: cli,
  },
  {
    id: 'gateway-shell.terminal-safe',
    promise: 'What a device says of its commands can not steer the terminal of whoever approves them.',
    source: cli,
  },
];
