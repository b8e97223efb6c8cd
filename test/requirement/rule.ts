// What is promised of rules: what may flow through a gateway.
import type { Requirement } from '../requirement.ts';

export const rule: readonly Requirement[] = [
  { id: 'rule.escapes', promise: 'A text that is written with JSON escapes is seen as what it says.', source: 'docs/rules.md' },
  {
    id: 'rule.pointer-tells-nothing',
    promise: 'What is recorded of a hit names the rule and the place, and nothing of what was found, not by a key either.',
    source: 'docs/rules.md',
  },
  { id: 'rule.pattern-linear', promise: 'A pattern that can not be matched in linear time is refused.', source: 'docs/rules.md' },
  {
    id: 'rule.needles',
    promise: 'A rule that is looked for together with thousands of others misses nothing.',
    source: 'docs/rules.md',
  },
  {
    id: 'rule.forwarded-is-inspected',
    promise: 'What is forwarded to a server is what the rules left, and was decided by policy as such.',
    source: 'docs/rules.md',
  },
  { id: 'rule.answers', promise: 'What a server answers reaches the host only as the rules leave it.', source: 'docs/rules.md' },
  {
    id: 'rule.questions',
    promise: 'What a server asks its host, and what the host answers, passes the rules too.',
    source: 'docs/rules.md',
  },
  {
    id: 'rule.definitions',
    promise: 'What servers say of their items reaches the model only as the rules leave it.',
    source: 'docs/rules.md',
  },
  {
    id: 'rule.order',
    promise: 'Rules run in their order, each on the text that the one before it left.',
    source: 'docs/rules.md',
  },
  {
    id: 'rule.protocol-stays',
    promise: 'A rule never changes what the protocol reads: where it would have to, it blocks.',
    source: 'docs/rules.md',
  },
  {
    id: 'rule.recall',
    promise: 'E-mail addresses, US numbers, cards and IBANs are found with the recall and precision that are published.',
    source: 'docs/rules.md, Methods',
  },
  {
    id: 'rule.injection-unseen',
    promise: 'Characters that nobody sees hide no phrase from an injection rule, within its words or between them.',
    source: 'docs/rules.md, Methods',
  },
  {
    id: 'rule.engine-fails-closed',
    promise: 'Where an engine does not answer with a verdict in time, the message is blocked unless the rule says otherwise.',
    source: 'docs/rules.md, Engines',
  },
  {
    id: 'rule.engine-private',
    promise: 'An engine at a private address is asked only where the policy lists that address.',
    source: 'docs/rules.md, Engines',
  },
  {
    id: 'rule.member-names',
    promise: 'The name of a member counts where it says what its value is.',
    source: 'docs/rules.md, Methods',
  },
  {
    id: 'rule.in-force-at-once',
    promise: 'Rules that come into force hold for hosts that are connected, and for whatever their servers say from then on.',
    source: 'docs/rules.md',
  },
  {
    id: 'rule.name-not-recorded',
    promise: 'What a rule finds in the URI of a resource is in no record.',
    source: 'docs/rules.md',
  },
  {
    id: 'rule.listen',
    promise: 'What a host listens to passes the rules as what it asks for does.',
    source: 'docs/rules.md',
  },
  {
    id: 'rule.meta',
    promise: 'What a host or a server writes into _meta is looked at, also where the protocol reads it.',
    source: 'docs/rules.md, "What is looked at"',
  },
  {
    id: 'rule.result-words',
    promise: 'What a host answers is looked at whatever its members are called.',
    source: 'docs/rules.md, "What is looked at"',
  },
  {
    id: 'rule.states-are-words',
    promise: 'A state in a request that the gateway server did not seal is looked at as any other word of the host.',
    source: 'docs/rules.md, "What is looked at"',
  },
  {
    id: 'rule.states-of-servers',
    promise:
      'A state or an id of a task in an answer that the gateway server does not seal is looked at as any other word of the server.',
    source: 'docs/rules.md, "What is looked at"',
  },
  {
    id: 'rule.made-up-names',
    promise: 'A name that neither policy nor the list of a server has is looked at, and never changed.',
    source: 'docs/rules.md, "What is looked at"',
  },
  {
    id: 'rule.hits-beyond',
    promise:
      'The rule that ended a call is on record, and a name in which a rule found something is not, however much rules found before.',
    source: 'docs/rules.md',
  },
  {
    id: 'rule.own-place',
    promise: 'What the gateway server seals is not looked at only where it stands in its own place, and with that value.',
    source: 'docs/rules.md, "What is looked at"',
  },
  {
    id: 'rule.params-words',
    promise: 'Of what a server says without being asked all is looked at but words and small numbers of the protocol.',
    source: 'docs/rules.md, "What is looked at"',
  },
  {
    id: 'rule.reports',
    promise: 'What a host reports of its progress with a question goes to its server through the rules.',
    source: 'docs/rules.md, "What is looked at"',
  },
  {
    id: 'rule.long-text',
    promise: 'A text of many megabytes is given up in time: no pattern is run over the whole of it at once.',
    source: 'docs/rules.md, "Methods"',
  },
  {
    id: 'rule.pieces',
    promise: 'What is found in a text is found at the same place in one that is looked through piece by piece.',
    source: 'docs/rules.md, "Methods"',
  },
  {
    id: 'rule.notifications-bounded',
    promise: 'However much a server says beside its answers, engines are asked about a bounded part of it at a time.',
    source: 'docs/rules.md',
  },
  {
    id: 'rule.envelope',
    promise: 'Nothing that no rule looks at goes on beside what rules left.',
    source: 'docs/rules.md',
  },
  {
    id: 'rule.update-names-no-task',
    promise: 'An update of a resource carries nothing past the rules in the id of a task that it names.',
    source: 'docs/rules.md',
  },
  {
    id: 'rule.own-bytes',
    promise: 'Rules look at the bytes that go on, whatever was known of others of the same message before.',
    source: 'docs/rules.md',
  },
  {
    id: 'rule.names-short',
    promise: 'A name that is as long as a message costs no more for each value that it is of than a short one.',
    source: 'docs/rules.md',
  },
  {
    id: 'rule.names-around',
    promise: 'The name of a member counts for a value one level down, and the name beside a value for that.',
    source: 'docs/rules.md, "Methods"',
  },
  {
    id: 'rule.own-time',
    promise: 'What the gateway server does for others while an engine is asked does not make a rule too late.',
    source: 'docs/rules.md',
  },
  {
    id: 'rule.engine-secret',
    promise: 'An engine that has to be shown a secret is not asked without it, and the rule has not decided.',
    source: 'docs/rules.md, "Engines"',
  },
  {
    id: 'rule.engine-secret-bound',
    promise: 'What an engine is shown goes to no other engine, in no other header and to no other address.',
    source: 'docs/rules.md, "Engines"',
  },
  {
    id: 'rule.engine-secret-goes',
    promise: 'What an engine is shown goes with the engine.',
    source: 'docs/rules.md, "Engines"',
  },
  {
    id: 'rule.pii-time',
    promise: 'A text with a million candidates takes no more than the time that rules have.',
    source: 'docs/rules.md, Methods',
  },
  {
    id: 'rule.numbers-everywhere',
    promise: 'Personal numbers are found wherever they stand in a text, though they are looked for only where one can begin.',
    source: 'docs/rules.md',
  },
  {
    id: 'rule.no-text-held-back',
    promise: 'A pattern is shown each text that it matches, though most texts are shown to no pattern.',
    source: 'docs/rules.md',
  },
  {
    id: 'rule.glance',
    promise: 'A message that is let by at a glance is one in which no rule finds anything.',
    source: 'docs/rules.md',
  },
  {
    id: 'rule.foreign-method-all',
    promise: 'Every rule of a gateway is for its foreign methods, whatever else it is for.',
    source: 'docs/rules.md',
  },
  {
    id: 'rule.foreign-method-name',
    promise: 'The name of a foreign method that no policy names is looked at, and what is found in it is in no record.',
    source: 'docs/rules.md',
  },
  {
    id: 'rule.foreign-name-of-server',
    promise: 'What is found in the name of a foreign method by which a server says or asks something is in no record.',
    source: 'docs/rules.md',
  },
  {
    id: 'rule.foreign-told',
    promise: 'Of a notification of a host that goes on as it came every word is looked at.',
    source: 'docs/rules.md',
  },
];
