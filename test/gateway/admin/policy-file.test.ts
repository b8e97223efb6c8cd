// Policy files: each problem at its line and column, and no policy where there is one.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { describeProblem, readPolicy, writePolicy } from '../../../gateway/admin/policy-file.ts';
import { PolicyFile } from '#contract/policy.ts';
import { proves } from '../../requirement.ts';
import { anyPolicy } from './policy.ts';

const problemsOf = (text: string): readonly string[] => {
  const read = readPolicy(text);
  return read.kind === 'policy' ? [] : read.problems.map((problem) => describeProblem('p.yaml', problem));
};

const whole = `
version: 1
users:
  ada: { email: ada@example.org, teams: [eng] }
teams:
  eng:
    gateways: [main]
servers:
  memory: { kind: workstation }
gateways:
  main:
    assignments:
      memory: { tools: [read_graph] }
`;

describe('a policy file', () => {
  test('that is whole is read with its defaults', () => {
    const read = readPolicy(whole);
    expect(read.kind === 'policy' && read.policy).toEqual({
      version: 1,
      roles: {},
      users: { ada: { email: 'ada@example.org', teams: ['eng'] } },
      teams: { eng: { gateways: ['main'] } },
      servers: { memory: { kind: 'workstation', shareable: false, timeoutSeconds: 60 } },
      gateways: {
        main: {
          assignments: {
            memory: {
              reach: 'caller',
              tools: ['read_graph'],
              prompts: 'none',
              resources: 'none',
              templates: 'none',
              identity: 'none',
            },
          },
        },
      },
    });
  });

  test('with an unknown key is refused at the place of the key, with the key that was meant', () => {
    proves('gateway-shell.policy-problem-found', {
      file: 'gateway/admin/policy-file.ts',
      find: 'const { line, col } = lines.linePos(offset);',
      replace: 'const { line, col } = lines.linePos(offset + 1);',
    });
    expect(problemsOf(whole.replace('tools: [', 'tool: ['))).toEqual([
      'p.yaml:13:17: gateways.main.assignments.memory.tool: unknown key: did you mean "tools"?',
    ]);
  });

  test('with a name that every object has is refused as any other that is not valid', () => {
    expect(problemsOf(whole.replace('users:', 'users:\n  __proto__: { email: eve@example.org }'))).toEqual([
      'p.yaml:4:3: users.__proto__: the name is not valid',
    ]);
    expect(problemsOf(whole.replace('users:', 'users:\n  bot: { kind: robot }'))).toContain(
      'p.yaml:4:16: users.bot.kind: use person or service',
    );
  });

  test('with a key that stands twice is refused at the second', () => {
    expect(problemsOf(`${whole}      memory: { tools: all }\n`)).toEqual([
      'p.yaml:14:7: gateways.main.assignments.memory: this key stands here twice',
    ]);
  });

  test.each([
    [
      'a team',
      'teams: [eng]',
      'teams: [engg]',
      'p.yaml:4:42: users.ada.teams[0]: there is no team "engg" in this file; did you mean "eng"?',
    ],
    [
      'a gateway',
      'gateways: [main]',
      'gateways: [other]',
      'p.yaml:7:16: teams.eng.gateways[0]: there is no gateway "other" in this file',
    ],
    [
      'a server',
      '      memory:',
      '      memry:',
      'p.yaml:13:7: gateways.main.assignments.memry: there is no server "memry" in this file; did you mean "memory"?',
    ],
  ])('that names %s that it does not define is refused at that name', (_, find, replace, problem) => {
    expect(problemsOf(whole.replace(find, replace))).toEqual([problem]);
  });

  test('shows every problem of its shape, in the order of the file', () => {
    const text = [
      'version: 2',
      'uers: {}',
      'users:',
      '  Ada:',
      '    email: nobody',
      '  bo: {}',
      'servers:',
      '  m: { kind: remotely }',
      '  n: { kind: workstation, timeoutSeconds: 0 }',
      '  o: { kind: remote, url: ftp://x, hedder: X }',
    ];
    expect(problemsOf(text.join('\n'))).toEqual([
      'p.yaml:1:10: version: this version is not known here: use 1',
      'p.yaml:2:1: uers: unknown key: did you mean "users"?',
      'p.yaml:4:3: users.Ada: the name is not valid: use 1-40 of a-z, 0-9, single "-" or "_" between them',
      'p.yaml:6:3: users.bo.email: is missing: a person is known by it',
      'p.yaml:8:14: servers.m.kind: use workstation or remote',
      'p.yaml:9:43: servers.n.timeoutSeconds: Too small: expected number to be >=1',
      'p.yaml:10:27: servers.o.url: use an https URL without password and fragment (http only for 127.0.0.1, [::1] and localhost)',
      'p.yaml:10:36: servers.o.hedder: unknown key: did you mean "header"?',
    ]);
  });

  test.each([
    ['method: pattern, patterns: ["(?=a)b"], action: block', 'patterns[0]: it can not be used: look-around'],
    ['method: pattern, patterns: ["a", "(b"], action: block', 'patterns[1]: it can not be used: a group is not closed'],
    ['method: patern, action: block', 'method: use pattern, pii, secrets, injection, limits, webhook or presidio'],
    ['method: pii, action: blok', 'action: use block, redact'],
    ['method: pii, action: block, tpyes: [URL]', 'tpyes: unknown key: did you mean "types"?'],
    ['method: pii, action: block, with: x', 'with: it is of no use without action: replace'],
    ['method: limits, action: block', ': name a limit'],
    ['method: webhook, engine: onw', 'engine: there is no engine "onw" in this file; did you mean "own"?'],
    ['method: presidio, engine: own, action: block', 'engine: the engine "own" is of kind webhook'],
    ['method: injection, action: block, on: request, for: [definitions]', 'on: definitions come from servers'],
  ])('refuses a rule with %s', (keys, problem) => {
    const text = `version: 1\ngateways:\n  main:\n    rules:\n      - { name: one, ${keys} }\nengines:\n  own: { kind: webhook, url: "https://e.example.org" }`;
    expect(problemsOf(text)).toEqual([
      expect.stringContaining(`gateways.main.rules[0]${problem.startsWith(':') ? '' : '.'}${problem}`),
    ]);
  });

  test('refuses two rules of one name', () => {
    const rule = '{ name: one, method: secrets, action: redact }';
    const text = `version: 1\ngateways:\n  main:\n    rules:\n      - ${rule}\n      - ${rule}`;
    expect(problemsOf(text)).toEqual(['p.yaml:6:17: gateways.main.rules[1].name: a rule before it has this name']);
  });

  test.each([
    ['url: http://tracker.example.org', 'use an https URL'],
    ['url: https://user:secret@tracker.example.org', 'use an https URL'],
    ['url: "https://tracker.example.org/#x"', 'use an https URL'],
    ['auth: basic', 'use none, header, oauth or auto'],
    ['header: Host, auth: header', 'use a header that can hold a credential'],
    ['header: Mcp-Session-Id, auth: header', 'use a header that can hold a credential'],
    ['allowPrivate: [0.0.0.0/0]', 'use a host name, an IP address, or a network'],
    ['allowPrivate: ["::/0"]', 'use a host name, an IP address, or a network'],
    ['allowPrivate: ["*"]', 'use a host name, an IP address, or a network'],
    ['allowPrivate: all', 'expected a list, found a text'],
    ['header: X-Api-Key', 'it is of no use without auth: header'],
    ['auth: header', 'the server "tracker" wants an identity: add identity: own or identity: shared'],
  ])('refuses a remote server with %s', (keys, problem) => {
    const url = keys.startsWith('url') ? '' : 'url: https://tracker.example.org/mcp, ';
    const text = `version: 1\nservers:\n  tracker: { kind: remote, ${url}${keys} }\ngateways:\n  main: { assignments: { tracker: {} } }`;
    expect(problemsOf(text)).toEqual([expect.stringContaining(problem)]);
  });

  test('refuses an identity where none is taken, and a remote server on a workstation', () => {
    const text = [
      'version: 1',
      'servers:',
      '  memory: { kind: workstation }',
      '  wiki: { kind: remote, url: http://localhost:8080/mcp, allowPrivate: [localhost, 10.0.0.0/8, "::1", fc00::/7] }',
      'gateways:',
      '  main:',
      '    assignments:',
      '      memory: { identity: own }',
      '      wiki: { identity: shared, reach: 0198c0de-0000-7000-8000-000000000001 }',
    ];
    expect(problemsOf(text.join('\n'))).toEqual([
      'p.yaml:8:27: gateways.main.assignments.memory.identity: the server "memory" takes none',
      'p.yaml:9:25: gateways.main.assignments.wiki.identity: the server "wiki" takes none',
      'p.yaml:9:40: gateways.main.assignments.wiki.reach: the server "wiki" is remote, and on no workstation',
    ]);
  });

  test.each([
    ['nothing', '', 'p.yaml:1:1: there is no policy in it: write at least version: 1'],
    ['a list', '- version: 1', 'p.yaml:1:1: expected a map, found a list'],
    ['a tag that YAML does not know', 'version: !one 1', 'p.yaml:1:10: Unresolved tag: !one'],
    ['two documents', 'version: 1\n---\nversion: 1\n', 'p.yaml:2:1: another document begins here: a policy is one'],
    [
      'an open bracket',
      'users: [',
      'p.yaml:1:9: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['no version', 'users: {}', 'p.yaml:1:1: version: is missing: expected 1'],
  ])('of %s is refused', (_, text, problem) => {
    expect(problemsOf(text)[0]).toBe(problem);
  });

  test('with many mistakes is refused with each of them at its place, whatever kind they are of', () => {
    proves('admin.all-mistakes', {
      file: 'gateway/admin/policy-file.ts',
      find: ', ...besides(value)];',
      replace: '];',
    });
    const text = `version: 1
roles:
  member: { capabilities: [gateways.use] }
  odd: { capabilities: [fly] }
users:
  ada: { email: nowhere, teams: [eng, enx] }
  bob: { email: bob@example.org, role: boss, nick: b }
teams:
  eng: { gateways: [man] }
servers:
  memory: { kind: workstation, timeoutSeconds: 0 }
  crm: { kind: remote, url: 'https://crm.example.org/mcp', auth: header }
gateways:
  main:
    assignments:
      memory: { tools: some }
      crm: { tools: all }
      gone: { templates: ['demo://{a:3}'] }
`;
    expect(problemsOf(text)).toEqual([
      expect.stringMatching(/^p\.yaml:3:13: roles\.member\.capabilities: it is built in/),
      expect.stringMatching(/^p\.yaml:4:25: roles\.odd\.capabilities\[0\]: use the name of a capability/),
      expect.stringMatching(/^p\.yaml:6:17: users\.ada\.email: /),
      expect.stringMatching(/^p\.yaml:6:39: users\.ada\.teams\[1\]: there is no team "enx" in this file; did you mean "eng"\?/),
      expect.stringMatching(/^p\.yaml:7:40: users\.bob\.role: there is no role "boss"/),
      expect.stringMatching(/^p\.yaml:7:46: users\.bob\.nick: unknown key/),
      expect.stringMatching(
        /^p\.yaml:9:21: teams\.eng\.gateways\[0\]: there is no gateway "man" in this file; did you mean "main"\?/,
      ),
      expect.stringMatching(/^p\.yaml:11:48: servers\.memory\.timeoutSeconds: /),
      expect.stringMatching(/^p\.yaml:16:24: gateways\.main\.assignments\.memory\.tools: use all, none/),
      expect.stringMatching(/^p\.yaml:17:7: gateways\.main\.assignments\.crm: the server "crm" wants an identity/),
      expect.stringMatching(/^p\.yaml:18:7: gateways\.main\.assignments\.gone: there is no server "gone"/),
      expect.stringMatching(/^p\.yaml:18:27: gateways\.main\.assignments\.gone\.templates\[0\]: this is no URI template/),
    ]);
  });

  test('with mistakes in rules beside others, and with a key that stands twice, is refused with each of them too', () => {
    const text = `version: 1
users:
  ada: { email: ada@example.org }
  ada: { email: ada@example.org }
servers:
  memory: { kind: workstation }
gateways:
  main:
    assignments:
      memory: { identity: own }
    titel: Main
    rules:
      - { name: a, method: pattern, patterns: ['(open'], action: redact }
      - { name: a, method: pii, action: eat }
      - { name: b, method: limits, action: block }
      - { name: c, method: pattern, patterns: ['(a)\\1'], action: mask, keep: 2, with: x }
`;
    expect(problemsOf(text)).toEqual([
      expect.stringMatching(/^p\.yaml:4:3: users\.ada: this key stands here twice$/),
      expect.stringMatching(/^p\.yaml:10:27: gateways\.main\.assignments\.memory\.identity: the server "memory" takes none$/),
      expect.stringMatching(/^p\.yaml:11:5: gateways\.main\.titel: unknown key: did you mean "title"\?$/),
      expect.stringMatching(/^p\.yaml:13:48: gateways\.main\.rules\[0\]\.patterns\[0\]: it can not be used: /),
      expect.stringMatching(/^p\.yaml:14:17: gateways\.main\.rules\[1\]\.name: a rule before it has this name$/),
      expect.stringMatching(/^p\.yaml:14:41: gateways\.main\.rules\[1\]\.action: use block/),
      expect.stringMatching(/^p\.yaml:15:9: gateways\.main\.rules\[2\]: name a limit/),
      expect.stringMatching(/^p\.yaml:16:48: gateways\.main\.rules\[3\]\.patterns\[0\]: it can not be used: back-ref/),
      expect.stringMatching(/^p\.yaml:16:87: gateways\.main\.rules\[3\]\.with: it is of no use without action: replace$/),
    ]);
  });

  test('with more problems than anybody mends at once is refused with 200 of them, and says that there are more', () => {
    const names = Array.from({ length: 300 }, (_, index) => `u${index}`);
    const files = {
      invalid: names.map((name) => `  ${name}: { email: nowhere }`),
      unknown: names.map((name) => `  ${name}: { email: u@example.org, teams: [gone] }`),
      twice: names.map(() => '  ada: { email: u@example.org }'),
      odd: ['  ada:', '    email: u@example.org', ...names.map((name) => `    ${name}: 1`)],
    };
    for (const [kind, lines] of Object.entries(files)) {
      const problems = problemsOf(['version: 1', 'users:', ...lines].join('\n'));
      expect([kind, problems.length, problems.at(-1)]).toEqual([
        kind,
        201,
        'p.yaml:1:1: there are more problems than these: mend them first',
      ]);
    }
  });

  test('that was written from a policy is read as that policy', () => {
    fc.assert(
      fc.property(anyPolicy, (policy) => {
        expect(readPolicy(writePolicy(policy))).toEqual({ kind: 'policy', policy });
      }),
    );
  });

  test('is written so that readers of YAML 1.1 find the same in it', () => {
    const texts = 'yes on Off n 2024-01-01 12:30:45 0o17 017 1_000 ~ = << null 0x1F .inf'.split(' ');
    const policy = PolicyFile.parse({ version: 1, teams: Object.fromEntries(texts.map((title, at) => [`t${at}`, { title }])) });
    const read: unknown = parse(writePolicy(policy), { version: '1.1' });
    expect(read).toMatchObject({ teams: policy.teams });
  });

  test('with a template that nothing could match is refused at the template', () => {
    proves('policy.template-understood', {
      file: 'gateway/admin/policy-check.ts',
      find: 'parseTemplate(template) === undefined',
      replace: 'template === undefined',
    });
    const templates = (text: string) => problemsOf(whole.replace('tools: [read_graph]', `templates: ${text}`));
    expect(templates('["demo://{a}", "demo://{a:3}"]')).toEqual([
      expect.stringMatching(/^p\.yaml:13:43: gateways\.main\.assignments\.memory\.templates\[1\]: this is no URI template/),
    ]);
    expect([templates('all'), templates('none'), templates('["demo://{a}"]')]).toEqual([[], [], []]);
  });

  test('with a condition is read as a list of it, and refused where nothing could decide about it', () => {
    proves('policy.condition-unpinned', {
      file: 'gateway/admin/contradiction.ts',
      find: "pins === 'off' ? itemKinds",
      replace: "pins === 'approve' ? itemKinds",
    });
    const tools = (text: string) => whole.replace('tools: [read_graph]', `tools: ${text}`);
    const read = readPolicy(tools('{ if: { readOnlyHint: true } }'));
    if (read.kind !== 'policy') throw new Error('it is refused');
    expect(Object.values(read.policy.gateways)[0]?.assignments).toMatchObject({
      memory: { tools: [{ if: { readOnlyHint: true } }] },
    });
    expect(problemsOf(tools('[add, { if: {} }]'))).toEqual([expect.stringMatching(/tools\[1\]\.if: name at least one thing$/)]);
    expect(problemsOf(tools('[{ if: { name: "*", readOnly: true } }]'))).toEqual([
      'p.yaml:13:44: gateways.main.assignments.memory.tools[0].if.readOnly: unknown key: did you mean "readOnlyHint"?',
    ]);
    expect(problemsOf(tools('[3]'))).toEqual([expect.stringContaining('tools: use all, none, or a list of tool names')]);
    expect(problemsOf(tools('[{ if: { name: "get_*" } }], pins: off'))).toEqual([
      expect.stringContaining('pins: the condition on tools is decided by definitions that were seen, and none is kept'),
    ]);
  });

  test('that unfolds aliases without end is refused', () => {
    const levels = Array.from(
      { length: 12 },
      (_, n) =>
        `l${n}: &l${n} [${
          n === 0
            ? 'x'
            : Array(10)
                .fill(`*l${n - 1}`)
                .join(', ')
        }]`,
    );
    expect(problemsOf(levels.join('\n'))).toEqual(['p.yaml:1:1: Excessive alias count indicates a resource exhaustion attack']);
  });

  test('with keys in keys in keys is refused without writing them out, each of which would double what it takes', () => {
    const read = readPolicy('? '.repeat(60));
    expect(read).toMatchObject({
      kind: 'invalid',
      problems: [{ line: 1, column: 3, key: '?' }, ...Array.from({ length: 58 }, () => ({}))],
    });
  });

  test('with a byte order mark and Windows line ends is counted like any other', () => {
    expect(problemsOf('\uFEFFversion: 1\r\nusers:\r\n  ada: 3\r\n')).toEqual([
      'p.yaml:3:8: users.ada: expected a map, found a number',
    ]);
  });

  test('of any valid policy is read back as that policy', () => {
    fc.assert(
      fc.property(anyPolicy, (policy) => {
        expect(readPolicy(stringify(policy))).toEqual({ kind: 'policy', policy });
      }),
      { numRuns: 200 },
    );
  });

  test('of any text is read or refused, and never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        const read = readPolicy(text);
        expect(read.kind === 'policy' || read.problems.length > 0).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
