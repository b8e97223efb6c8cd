// What the agent, its socket and the shim promise.
import type { Requirement } from '../requirement.ts';

const shim = 'bridge/shim/connect.ts';
const socket = 'contract/agent.ts';
const cli = 'docs/bridge-cli.md';

export const agent: readonly Requirement[] = [
  {
    id: 'agent.one-per-state',
    promise: 'A second agent on the same state directory ends with one line that names the first.',
    source: cli,
  },
  {
    id: 'agent.lock-stale',
    promise: 'The lock of an agent that was killed holds nobody up, also where its pid was given to another process.',
    source: cli,
  },
  {
    id: 'agent.own-compiled-code',
    promise: 'Compiled code of the bridge is kept in its state directory, and never where others may write.',
    source: 'docs/bridge-cli.md, agent',
  },
  {
    id: 'agent.dials-first',
    promise: 'The agent dials its gateway without waiting for the login shell, the local servers or the AI hosts.',
    source: 'bridge/agent.ts',
  },
  { id: 'agent.socket-private', promise: "The agent's socket lies in a directory that only its user can enter.", source: socket },
  {
    id: 'agent.no-impostor',
    promise: 'A client talks to no socket in a directory that others could have made or can enter.',
    source: socket,
  },
  {
    id: 'agent.foreign-gateway',
    promise: "The shim reaches no address but the profile's gateway, and the host is told so.",
    source: shim,
  },
  {
    id: 'agent.shim-ids',
    promise: 'The shim reads the ids of requests and responses as a JSON parser does, however the bytes are cut.',
    source: shim,
  },
  { id: 'agent.shim-verbatim', promise: 'What passes the shim arrives byte for byte.', source: shim },
  {
    id: 'agent.shim-answers-loss',
    promise: 'When the tunnel is lost, every request under way is answered with TUNNEL_LOST at once and is not sent again.',
    source: shim,
  },
  {
    id: 'agent.shim-handshake',
    promise: "After a loss the host's next request opens a new channel, on which only its handshake is said again.",
    source: shim,
  },
  {
    id: 'agent.shim-agent-gone',
    promise: 'When the agent is gone, the shim answers what is under way, says so and ends.',
    source: shim,
  },
  {
    id: 'agent.shim-too-large',
    promise: 'A line over the limit is answered with an error that names the limit, and the session goes on.',
    source: shim,
  },
  { id: 'agent.shim-light', promise: "The shim loads no package: only Node's own modules and its own files.", source: shim },
  {
    id: 'agent.relay-bounded',
    promise: 'A client that sends a line over the limit is cut off: no more than the limit is held.',
    source: 'bridge/socket/line.ts',
  },
  {
    id: 'agent.state-stream',
    promise: 'A subscriber gets the current state at once and every later one that differs.',
    source: socket,
  },
  {
    id: 'agent.launcher',
    promise: 'The launcher starts this program with any PATH, passes arguments as they are and sets no variable.',
    source: 'bridge/launcher.ts',
  },
  { id: 'agent.stops', promise: 'SIGTERM ends the agent within 3 s with exit code 0, its posture "stopped".', source: cli },
  {
    id: 'agent.token-spent',
    promise: 'The enrollment token of the profile is spent once and its file emptied.',
    source: 'docs/profile.md',
  },
  {
    id: 'agent.gateway-choice',
    promise: 'Where several gateways are granted and none is chosen, no host is changed and a finding says so.',
    source: 'docs/profile.md',
  },
  {
    id: 'agent.other-home',
    promise: 'For another home than its own, variables of the environment lead to no file of the own home.',
    source: 'bridge/location.ts',
  },
  {
    id: 'agent.restore-under-enforcement',
    promise: 'Restoring beside an agent that enforces is refused: it would be undone.',
    source: cli,
  },
  {
    id: 'agent.sanction-lasting',
    promise: 'A local server that may no longer run is ended while it runs.',
    source: 'ARCHITECTURE.md, where commands come from',
  },
  {
    id: 'agent.ends-with-starter',
    promise:
      'An agent in a process of the companion ends when the companion is gone, however that ended, and no local server survives either.',
    source: 'bridge/utility.ts',
  },
  {
    id: 'agent.killed-no-child',
    promise: 'However the agent or the program that started it is killed, no local server survives.',
    source: 'bridge/utility.ts',
  },
  {
    id: 'agent.no-wait',
    promise: 'A pipe in the place of a file that it reads holds the agent up nowhere.',
    source: 'bridge/plain-file.ts',
  },
  {
    id: 'agent.pause-ends',
    promise: 'A pause ends by itself, whatever slept or was restarted meanwhile, and whatever the clock was set to.',
    source: cli,
  },
  {
    id: 'agent.pause-closes',
    promise:
      'A pause closes the tunnel, ends the local servers and refuses hosts; it changes no config, survives a restart and is on record at the gateway.',
    source: cli,
  },
  {
    id: 'agent.pause-allowed',
    promise: 'The user pauses only as the profile allows: not at all, with a reason, and no longer than it says.',
    source: 'docs/settings.md',
  },
  {
    id: 'agent.pause-reported',
    promise: 'What could not be reported to the gateway at once is reported when there is a tunnel again.',
    source: 'contract/report.ts',
  },
  {
    id: 'agent.calls-own',
    promise: "A user is told their own calls and nobody else's, and never arguments or results.",
    source: 'contract/recent-call.ts',
  },
  {
    id: 'agent.undo-stays',
    promise: 'A host that its user undid is left alone, over restarts too, and is never compliant, until it is taken back.',
    source: cli,
  },
  {
    id: 'agent.pause-changes-nothing',
    promise: 'While it is paused no config of an AI host is changed.',
    source: cli,
  },
  {
    id: 'agent.undo-or-not',
    promise: 'A host that could not be given back is not undone: it is looked after as before.',
    source: 'bridge/managed-hosts.ts',
  },
  {
    id: 'agent.undo-allowed',
    promise: 'The user takes the gateway out of a host only where the profile allows it.',
    source: 'docs/settings.md',
  },
  {
    id: 'agent.diagnostics-no-secret',
    promise: 'Diagnostics hold no secret: no environment value or secret argument of a server, no token, no credential of a URL.',
    source: cli,
  },
  {
    id: 'agent.quit-allowed',
    promise: 'A client of the socket ends the agent only where the profile lets the user quit.',
    source: socket,
  },
  {
    id: 'agent.link-token-only',
    promise: 'An enrollment link carries a token and nothing else: it points no device at another gateway.',
    source: 'contract/enroll-link.ts',
  },
  {
    id: 'agent.doctor-asks-agent',
    promise:
      '"drawbridge doctor" also shows what only the running agent knows of the AI hosts: what it gave up, and what it may not touch.',
    source: 'docs/bridge-cli.md, doctor',
  },
  {
    id: 'agent.doctor-verdict',
    promise: '"drawbridge doctor" names what is wrong, what it means and what to do, and ends with 1 exactly where something is.',
    source: 'docs/bridge-cli.md, doctor',
  },
];
