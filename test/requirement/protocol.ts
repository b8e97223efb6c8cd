// What is promised of MCP on both edges.
import type { Requirement } from '../requirement.ts';

export const protocol: readonly Requirement[] = [
  {
    id: 'protocol.raw-relay',
    promise: 'What a host sends reaches the server byte for byte, but for the id and the tool name.',
    source: 'ARCHITECTURE.md, the walk of one tools/call',
  },
  {
    id: 'protocol.large-is-json',
    promise: 'A large message passes exactly where JSON.parse takes it, though its long texts are not parsed.',
    source: 'gateway/mcp/skim.ts',
  },
  {
    id: 'protocol.one-meaning',
    promise: 'A message that names a key twice in its envelope, params or _meta is refused.',
    source: 'ARCHITECTURE.md, the walk of one tools/call',
  },
  {
    id: 'protocol.no-line-injection',
    promise: "No message can become two lines on a server's standard input.",
    source: 'MCP 2025-11-25, basic/transports: stdio',
  },
  {
    id: 'protocol.headers-agree',
    promise: 'A modern request whose headers contradict its body is refused with -32020.',
    source: 'MCP 2026-07-28, basic/transports/streamable-http',
  },
  {
    id: 'protocol.no-batch',
    promise: 'A JSON-RPC batch is refused with a clear error.',
    source: 'MCP 2026-07-28, basic/transports/streamable-http',
  },
  {
    id: 'protocol.refused-by-id',
    promise: 'A request that is refused unread is answered with its id, where it says one id only.',
    source: 'MCP 2025-11-25, basic: responses (JSON-RPC 2.0, section 5)',
  },
  {
    id: 'protocol.one-tool-a-name',
    promise: 'Of tools that bear one name none is listed: nobody could say which of them a call means.',
    source: 'ARCHITECTURE.md, the walk of one tools/call',
  },
  {
    id: 'protocol.session-owner',
    promise: 'A session id is of no use to another user, host, gateway or route.',
    source: 'MCP 2025-11-25, basic/transports: session management',
  },
  {
    id: 'protocol.modern-server',
    promise: 'Local servers of 2026-07-28 serve hosts of both eras; the gateway speaks for itself to them.',
    source: 'MCP 2026-07-28, basic/versioning',
  },
  {
    id: 'protocol.names-reversible',
    promise: 'A name on the aggregated route leads back to one item of one server, or to none.',
    source: 'ARCHITECTURE.md, Items',
  },
  {
    id: 'protocol.names-short',
    promise: 'No name of a tool or prompt on the aggregated route has more than 60 characters.',
    source: 'ARCHITECTURE.md, Items',
  },
  {
    id: 'protocol.links-renamed',
    promise: 'A link to a resource that an answer shows at the one URL can be read there.',
    source: 'ARCHITECTURE.md, Items',
  },
  {
    id: 'protocol.one-reference',
    promise: 'A completion whose reference names a key twice is refused.',
    source: 'ARCHITECTURE.md, Items',
  },
  {
    id: 'protocol.cursor-sealed',
    promise: 'A cursor is of no use to another caller, route or method.',
    source: 'ARCHITECTURE.md, Items',
  },
  {
    id: 'protocol.read-private',
    promise: 'What one caller reads is marked as private, whatever its server says.',
    source: 'MCP 2026-07-28, server/utilities/caching',
  },
  {
    id: 'protocol.uris-lead-back',
    promise: 'A resource that is listed at the one URL is read there by the URI that the list shows.',
    source: 'ARCHITECTURE.md, Items',
  },
  {
    id: 'protocol.cut-name-leads-back',
    promise: 'A tool whose name had to be cut is called by the name that the list shows.',
    source: 'ARCHITECTURE.md, Items',
  },
  {
    id: 'protocol.conformance',
    promise: 'The official conformance suites find what the committed list says, through the whole product, and nothing else.',
    source: 'docs/conformance.md',
  },
  {
    id: 'protocol.conformance-upstream',
    promise: 'What the official suite asks of clients of 2026-07-28 holds for the calls that the gateway server makes.',
    source: 'docs/conformance.md',
  },
  {
    id: 'protocol.conformance-sign-in',
    promise: 'What the official conformance suite asks of authorization servers passes at the sign-in of the gateway server.',
    source: 'docs/conformance.md',
  },
  {
    id: 'protocol.no-secret-form',
    promise: 'No form that asks a person for a secret is passed on to an AI host.',
    source: 'MCP 2025-11-25, client/elicitation: security considerations',
  },
  {
    id: 'protocol.shared-server',
    promise: 'A server that several hosts share tells none of them what may belong to another, and asks none of them anything.',
    source: 'ARCHITECTURE.md, What flows while a call is open',
  },
  {
    id: 'protocol.question-recorded',
    promise: 'What a server asks of a host is on record: who, where, which method, what came of it, and none of its words.',
    source: 'ARCHITECTURE.md, What flows while a call is open',
  },
  {
    id: 'protocol.modern-log-level',
    promise: 'A modern host gets log messages only of a call that asks for them, and only of the level that it names.',
    source: 'MCP 2026-07-28, server/utilities/logging',
  },
  {
    id: 'protocol.own-token',
    promise: 'A report of progress reaches only the host whose call it is, under the token that this host gave.',
    source: 'MCP 2025-11-25, basic/utilities/progress',
  },
  {
    id: 'protocol.stream-owner',
    promise: "Nobody can listen to, or answer on, another one's session.",
    source: 'MCP 2025-11-25, basic/transports: session management',
  },
  {
    id: 'protocol.resume',
    promise: 'A legacy host that lost the stream of a call gets the rest of it, the answer too: its call went on.',
    source: 'MCP 2025-11-25, basic/transports: resumability and redelivery',
  },
  {
    id: 'protocol.modern-lost',
    promise: 'A modern host that closes the stream of a call ends that call at the server.',
    source: 'MCP 2026-07-28, basic/transports/streamable-http: cancellation',
  },
  {
    id: 'protocol.slow-reader',
    promise: 'A host that reads no stream costs bounded memory: its connection is cut.',
    source: 'ARCHITECTURE.md, What flows while a call is open',
  },
  {
    id: 'protocol.call-leaves-nothing',
    promise: 'What a call touched is gone with it: it does not wait for a collection of the whole heap.',
    source: 'gateway/upstream/pending.ts',
  },
  {
    id: 'protocol.batch',
    promise: 'A batch of 2025-03-26 is answered as one array, and each of its calls has its own record.',
    source: 'MCP 2025-03-26, basic: batching',
  },
  {
    id: 'protocol.subscribed',
    promise: 'A host hears of the resources that it subscribed to, and of no others.',
    source: 'MCP 2025-11-25, server/resources: subscriptions',
  },
  {
    id: 'protocol.listen-while-admitted',
    promise: 'A stream that is listened to ends soon after its token or its gateway is taken away.',
    source: 'ARCHITECTURE.md, What flows while a call is open',
  },
  {
    id: 'protocol.person-has-time',
    promise: 'A call is not given up while its host thinks about a question of its server.',
    source: 'ARCHITECTURE.md, What flows while a call is open',
  },
  {
    id: 'protocol.old-stream-owner',
    promise: 'Nobody can speak on the HTTP+SSE stream of another one.',
    source: 'MCP 2024-11-05, basic/transports: HTTP with SSE',
  },
  {
    id: 'protocol.task-heard',
    promise:
      'A host hears of the tasks that it listens to and may see, and of no others; what it is told is on record as if it had asked.',
    source: 'docs/features.md',
  },
  {
    id: 'protocol.task-paced',
    promise: 'However often a server says that a task moved, it is looked at once at a time, and told as it is then.',
    source: 'docs/features.md',
  },
  {
    id: 'protocol.task-told-by-shown',
    promise: "What a server says beside an answer names its task by the id that the host knows, and never by the server's own.",
    source: 'ARCHITECTURE.md, "Tasks"',
  },
  {
    id: 'protocol.task-listen',
    promise: 'What a server says of a task reaches just those who watch this task.',
    source: 'docs/features.md',
  },
  {
    id: 'protocol.one-listen',
    promise:
      'A server of 2026-07-28 is listened to by one stream for all that are called as the same, and by none where nobody listens.',
    source: 'ARCHITECTURE.md, Who hears that something changed',
  },
  {
    id: 'protocol.subscribed-again',
    promise: 'What a host is subscribed to is subscribed to again where its server was lost and is back.',
    source: 'ARCHITECTURE.md, Who hears that something changed',
  },
  {
    id: 'protocol.told-of-loss',
    promise: 'A host that listens is told that it may have missed news, where its server was lost and is back.',
    source: 'ARCHITECTURE.md, Who hears that something changed',
  },
  {
    id: 'protocol.no-endless-starts',
    promise: 'A server on a workstation that fails is not started again and again for a host that only listens.',
    source: 'ARCHITECTURE.md, Who hears that something changed',
  },
  {
    id: 'protocol.reviews-bounded',
    promise: 'What it costs to look at all who listen does not grow with how often something changes.',
    source: 'ARCHITECTURE.md, Who hears that something changed',
  },
  {
    id: 'protocol.verdict-expires',
    promise:
      'Which era a server speaks is asked again after an hour, also of one that is always in use, and after a start that failed.',
    source: 'MCP 2026-07-28, basic/versioning',
  },
  {
    id: 'protocol.sessions-shared-out',
    promise: 'No user can take all sessions with servers: who has too many is refused by name, and others are served.',
    source: 'ARCHITECTURE.md, Remote servers',
  },
  {
    id: 'protocol.relisted-once',
    promise:
      'A list that changed is asked for once where all who listen are shown the same, and never shown to who is somebody else there.',
    source: 'ARCHITECTURE.md, Who hears that something changed',
  },
  {
    id: 'protocol.changes-pace-nothing',
    promise: 'However often the policy changes, a server that failed is tried again only in its time by those who listen to it.',
    source: 'ARCHITECTURE.md, Who hears that something changed',
  },
  {
    id: 'protocol.policy-news',
    promise: 'A change of the policy is told to each host that listens as news of just the lists that it changed.',
    source: 'ARCHITECTURE.md, Who hears that something changed',
  },
  {
    id: 'protocol.told-ends',
    promise:
      'A notification of a host that its server does not take ends with its host, its session or its time, and is on record then.',
    source: 'ARCHITECTURE.md',
  },
  {
    id: 'protocol.told-where-asked',
    promise: 'A notification of a host reaches the process of a local server that its requests reach.',
    source: 'ARCHITECTURE.md',
  },
  {
    id: 'protocol.listen-named',
    promise: 'Each message on a listen of a modern host names the request that began it.',
    source: 'MCP 2026-07-28, basic/utilities/subscriptions',
  },
  {
    id: 'protocol.listen-ended',
    promise: 'Who may no more listen is cut as soon as the policy or a token changed.',
    source: 'ARCHITECTURE.md, Who hears that something changed',
  },
  {
    id: 'protocol.listen-honored',
    promise: 'A resource that is not provisioned is not honored by a listen.',
    source: 'MCP 2026-07-28, basic/utilities/subscriptions',
  },
];
