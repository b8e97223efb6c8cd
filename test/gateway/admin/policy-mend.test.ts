// What is told of a policy in which the word is missing or wrong that says what else may stand beside it: that, and every other mistake there.
import { expect, test } from 'vitest';
import { readPolicy } from '../../../gateway/admin/policy-file.ts';

const mistakesIn = (text: string): readonly string[] => {
  const read = readPolicy(`version: 1\n${text}`);
  return read.kind === 'policy' ? [] : read.problems.map(({ key, message }) => `${key}: ${message}`);
};
const actions = 'use block, redact, replace, mask, hash or alert (block or alert of limits)';
const rulesOf = (...rules: readonly string[]) =>
  mistakesIn(`gateways:\n  main:\n    rules:\n${rules.map((rule) => `      - { ${rule} }`).join('\n')}`).map((one) =>
    one.replace('gateways.main.', ''),
  );

test.each([
  ['', `is missing: ${actions}`],
  ['action: blok, ', actions],
])('a rule whose action is missing or wrong ("%s") is told with all that is wrong beside it', (action, told) => {
  const [first, ...others] = rulesOf(
    `name: one, ${action}method: pattern, patterns: ['('], on: request, for: [definitions]`,
    `name: two, ${action}method: pii, keep: 3, with: x, thresholds: { US_SN: 1 }`,
    `name: three, ${action}method: limits`,
    `name: three, ${action}method: limits, bytes: 0`,
  ).toSorted();
  expect([first, ...others]).toEqual(
    [
      `rules[0].action: ${told}`,
      'rules[0].on: definitions come from servers: use on: response',
      'rules[0].patterns[0]: it can not be used: a group is not closed',
      `rules[1].action: ${told}`,
      'rules[1].keep: it is of no use without action: mask',
      'rules[1].thresholds.US_SN: unknown key: did you mean "US_SSN"?',
      `rules[2].action: ${told}`,
      'rules[2]: name a limit: bytes, texts, depth or characters',
      `rules[3].action: ${told}`,
      'rules[3].bytes: Too small: expected number to be >=1',
      'rules[3].name: a rule before it has this name',
    ].toSorted(),
  );
});

test('a rule whose method is missing or unknown is told with all that is wrong beside it, as far as any method has it', () => {
  const methods = 'use pattern, pii, secrets, injection, limits, webhook or presidio';
  expect(
    rulesOf(
      `name: one, patterns: ['('], bogus: 1, on: x`,
      'name: two, method: presido, action: block, engine: eng, types: [PERSON], flags: i',
      'name: three, method: nothing',
    ),
  ).toEqual([
    `rules[0].method: is missing: ${methods}`,
    expect.stringMatching(/^rules\[0\]\.patterns\[0\]: it can not be used/),
    expect.stringMatching(/^rules\[0\]\.bogus: unknown key/),
    'rules[0].on: use request, response or both',
    `rules[1].method: ${methods}`,
    'rules[1].engine: there is no engine "eng" in this file',
    `rules[2].method: ${methods}`,
  ]);
});

test('so is a server or a sink whose kind is missing or unknown', () => {
  expect(
    mistakesIn(`servers:
  a: { url: nowhere, auth: never, timeoutSeconds: 0 }
  b: { kind: local, shareable: 7 }
sinks:
  c: { kind: spunk, url: nowhere, limit: 1, token: x }
  d: { title: '' }`),
  ).toEqual([
    'servers.a.kind: is missing: use workstation or remote',
    expect.stringMatching(/^servers\.a\.url: use an https URL/),
    'servers.a.auth: use none, header, oauth or auto',
    expect.stringMatching(/^servers\.a\.timeoutSeconds: Too small/),
    'servers.b.kind: use workstation or remote',
    'servers.b.shareable: expected true or false, found a number',
    'sinks.c.kind: use file, webhook, syslog, splunk or otlp',
    expect.stringMatching(/^sinks\.c\.url: use an https URL/),
    expect.stringMatching(/^sinks\.c\.limit: Too small/),
    expect.stringMatching(/^sinks\.c\.token: unknown key/),
    'sinks.d.kind: is missing: use file, webhook, syslog, splunk or otlp',
    expect.stringMatching(/^sinks\.d\.title: Too small/),
  ]);
});

test('a mistake in a user, a server or an assignment hides none beside it, and makes none up', () => {
  expect(
    mistakesIn(`users:
  ada: { kind: service, email: a@example.org, teams: [3, 4] }
  bob: { role: 7, jwks: {} }
  cyd: { kind: service, jwks: {}, teams: 3 }
  dan: { email: nowhere }
servers:
  crm: { kind: remote, url: 'https://crm.example.org/mcp', auth: none, header: X-A, timeoutSeconds: 0 }
  wiki: { kind: remote, url: nowhere, auth: often, header: X-A }
  memory: { kind: workstation }
gateways:
  main:
    assignments:
      crm: { tools: [7], identity: own }
      memory: { tools: all, identity: mine, prompts: 3 }`),
  ).toEqual([
    'users.ada.secretHash: is missing: a service account has this or jwks',
    'users.ada.email: a service account has none',
    'users.ada.teams[0]: expected a text, found a number',
    'users.ada.teams[1]: expected a text, found a number',
    'users.bob.role: expected a text, found a number',
    'users.bob.jwks.keys: is missing: expected a list',
    'users.cyd.jwks.keys: is missing: expected a list',
    'users.cyd.teams: expected a list, found a number',
    'users.dan.email: Invalid email address',
    'servers.crm.header: it is of no use without auth: header',
    'servers.crm.timeoutSeconds: Too small: expected number to be >=1',
    expect.stringMatching(/^servers\.wiki\.url: use an https URL/),
    'servers.wiki.auth: use none, header, oauth or auto',
    expect.stringMatching(/^gateways\.main\.assignments\.crm\.tools: use all, none/),
    'gateways.main.assignments.crm.identity: the server "crm" takes none',
    'gateways.main.assignments.memory.identity: use own, shared or none',
    expect.stringMatching(/^gateways\.main\.assignments\.memory\.prompts: use all, none/),
  ]);
});
