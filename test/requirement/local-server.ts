// What the product promises about local stdio servers: which may run, as what, and what is left of them.
import type { Requirement } from '../requirement.ts';

const commands = 'ARCHITECTURE.md, Where commands come from';
const running = 'docs/local-servers.md, How it runs';
const identified = 'docs/local-servers.md, How a command is identified';

export const localServer: readonly Requirement[] = [
  {
    id: 'local-server.only-offered',
    promise: 'Only a command that the device itself offers, by exactly its fingerprint, can be started.',
    source: commands,
  },
  {
    id: 'local-server.own-values',
    promise: "A server gets the values of the calling host's own entry, never those of another host.",
    source: identified,
  },
  {
    id: 'local-server.late-keeps-none',
    promise: 'A server whose command takes long to look up or to install keeps no other one waiting.',
    source: running,
  },
  {
    id: 'local-server.verdict-awaited',
    promise:
      'A server that the gateway approved is not refused because the gateway has not said so yet to an agent that just started.',
    source: running,
  },
  {
    id: 'local-server.unhashed-code-said',
    promise:
      'An interpreter whose code stands in no file that its command names is told as such to the approver and in the posture.',
    source: identified,
  },
  {
    id: 'local-server.kept-digest-sealed',
    promise:
      "A file's digest is taken over from an earlier agent only as this device sealed it, and only for a file that did not change since.",
    source: 'docs/local-servers.md, How a command is identified',
  },
  {
    id: 'local-server.sanction-asked',
    promise: 'The sanction is asked at each start, and again after the files were read.',
    source: commands,
  },
  { id: 'local-server.deny-wins', promise: 'What the profile denies never runs, whatever else allows it.', source: commands },
  {
    id: 'local-server.profile-lists',
    promise: 'A line that the profile lists runs only to the letter: command, arguments, directory and environment.',
    source: commands,
  },
  {
    id: 'local-server.gateway-approves',
    promise: 'An approval of the gateway counts for exactly one server and fingerprint.',
    source: commands,
  },
  {
    id: 'local-server.no-delegation',
    promise: 'Nothing that the gateway says makes a command run where the profile does not delegate.',
    source: commands,
  },
  {
    id: 'local-server.loader-variables',
    promise: 'An allowed argument list does not cover an entry that sets variables which load other code.',
    source: commands,
  },
  {
    id: 'local-server.content-again',
    promise: 'A command whose files changed since its fingerprint was taken does not start.',
    source: identified,
  },
  {
    id: 'local-server.fingerprint',
    promise: "A fingerprint changes with every file of the package, with the arguments and with the variables' names.",
    source: identified,
  },
  {
    id: 'local-server.offer-redacted',
    promise: 'What a device offers to the gateway holds no value that looks like a secret.',
    source: identified,
  },
  {
    id: 'local-server.redacted-arguments',
    promise: 'The value after a flag that names a secret is never shown.',
    source: identified,
  },
  {
    id: 'local-server.no-own-packages',
    promise: 'Package folders on the PATH of the process that started the agent do not decide which command runs.',
    source: identified,
  },
  { id: 'local-server.install-never', promise: 'Where the profile says so, nothing is installed.', source: identified },
  {
    id: 'local-server.installed-once',
    promise: 'A package is installed once and without running its scripts; afterwards no registry is asked.',
    source: identified,
  },
  {
    id: 'local-server.environment',
    promise: 'A local server gets the allow-listed environment and what its entry sets, and nothing else of ours.',
    source: running,
  },
  {
    id: 'local-server.stray-text',
    promise: 'Text that a server prints to stdout is no message, and the server keeps working.',
    source: running,
  },
  {
    id: 'local-server.crash-at-start',
    promise: 'A server that exits at once is reported at once, with its last lines.',
    source: running,
  },
  {
    id: 'local-server.redacted-output',
    promise: "No value of a server's entry and no bearer token stands in what is reported of its output.",
    source: running,
  },
  {
    id: 'local-server.never-answers',
    promise: 'A server that never answers is ended after the start limit, and the fault says so.',
    source: running,
  },
  {
    id: 'local-server.oversize-line',
    promise: 'A line over the message limit is read away and reported once; the server keeps working.',
    source: running,
  },
  {
    id: 'local-server.back-off',
    promise: 'A server that keeps ending is started again only after a wait that grows from 0.5 s to 30 s.',
    source: running,
  },
  { id: 'local-server.child-limit', promise: 'No more local servers run at once than the limit.', source: running },
  {
    id: 'local-server.tree-ends',
    promise: 'A closed server is gone with all its descendants within 2 s, whatever they ignore.',
    source: running,
  },
  { id: 'local-server.no-grandchildren', promise: 'A server that ends by itself leaves no descendant behind.', source: running },
  {
    id: 'local-server.owner-killed',
    promise: 'kill -9 of the process that runs local servers leaves none of them and none of their descendants behind.',
    source: running,
  },
  {
    id: 'local-server.leftovers',
    promise: 'A process group that a crash left behind all the same is killed when the next agent starts.',
    source: running,
  },
  {
    id: 'local-server.reused-pid',
    promise: 'A process that only bears the number of one of ours is never killed.',
    source: running,
  },
];
