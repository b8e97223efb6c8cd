// Which commands may run: the rule as a table, and what holds whatever the profile and the gateway say.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fingerprint, Slug } from '#contract/id.ts';
import type { CommandRule } from '#contract/profile.ts';
import type { LaunchLine, Verdict } from '#contract/server.ts';
import { sanction } from '../../../bridge/server/sanction.ts';
import type { SanctionQuestion } from '../../../bridge/server/sanction.ts';
import { proves } from '../../requirement.ts';
import { sourceOf } from './fixture.ts';

const server = Slug.parse('files');
const fingerprint = Fingerprint.parse(`sha256:${'a'.repeat(64)}`);
const otherFingerprint = Fingerprint.parse(`sha256:${'b'.repeat(64)}`);
const source = sourceOf('files', { command: 'npx', args: ['-y', 'files@1.0.0'], env: { KEY: 'k' } });
const approved: Verdict = { server, fingerprint, decision: 'approved' };
const denied: Verdict = { server, fingerprint, decision: 'denied' };
const nothing: SanctionQuestion['profile'] = {
  LocalServers: {},
  LocalServerApproval: 'profile',
  AllowedLocalServerCommands: [],
  DeniedLocalServerCommands: [],
};
const listed = (name: string, line: LaunchLine): SanctionQuestion['profile'] => ({
  ...nothing,
  LocalServers: { [Slug.parse(name)]: line },
});
/** Some of the variables by which runtimes find code. */
const loaders = [
  ...['NODE_OPTIONS', 'LD_PRELOAD', 'DYLD_INSERT_LIBRARIES', 'PYTHONPATH', 'PATH', 'npm_config_registry', 'GCONV_PATH'],
  ...['DOTNET_STARTUP_HOOKS', 'CORECLR_PROFILER_PATH', 'BUN_OPTIONS', 'DENO_DIR', 'LUA_PATH', 'LUA_CPATH_5_4', 'PHPRC'],
  ...[
    'PHP_INI_SCAN_DIR',
    'GEM_HOME',
    'BUNDLE_GEMFILE',
    'HOME',
    'XDG_CONFIG_HOME',
    'OPENSSL_CONF',
    'ZDOTDIR',
    'NODE_COMPILE_CACHE',
  ],
  ...['PYTHONPYCACHEPREFIX', 'GIT_SSH_COMMAND', 'RUBYLIB', 'PERL5LIB', 'BASH_ENV', 'npm_config_script_shell'],
];
const ask = (profile: Partial<SanctionQuestion['profile']>, verdicts: readonly Verdict[] = [], of = source) =>
  sanction({ profile: { ...nothing, ...profile }, verdicts, source: of, fingerprint })?.code ?? 'runs';

describe('a command', () => {
  test('that nobody lists or approves does not run', () => {
    expect(ask({})).toBe('SERVER_NOT_APPROVED');
  });

  test("runs where the profile lists this very line under this server's name, and not where anything differs", () => {
    proves('local-server.profile-lists', {
      file: 'bridge/server/sanction.ts',
      find: 'own.cwd === line.cwd && sameEnvironment(own.env, line.env)',
      replace: 'own.cwd === line.cwd',
    });
    const { line } = source;
    expect(ask(listed('files', line))).toBe('runs');
    expect(ask(listed('other', line))).toBe('SERVER_NOT_APPROVED');
    const changes: Partial<LaunchLine>[] = [
      { command: '/usr/bin/npx' },
      { args: ['-y', 'files@1.0.1'] },
      { args: [...line.args, 'more'] },
      { env: { KEY: 'other' } },
      { env: {} },
      { env: { KEY: 'k', NODE_OPTIONS: '--require x' } },
      { cwd: '/elsewhere' },
    ];
    for (const change of changes) expect(ask(listed('files', { ...line, ...change }))).toBe('SERVER_NOT_APPROVED');
    expect(ask(listed('other', line), [], sourceOf('constructor', line))).toBe('SERVER_NOT_APPROVED');
  });

  test('runs where the profile allows its fingerprint or its argument list', () => {
    expect(ask({ AllowedLocalServerCommands: [fingerprint] })).toBe('runs');
    expect(ask({ AllowedLocalServerCommands: [['npx', '-y', 'files@1.0.0']] })).toBe('runs');
    expect(ask({ AllowedLocalServerCommands: [otherFingerprint, ['npx', '-y'], ['npx']] })).toBe('SERVER_NOT_APPROVED');
  });

  test('is not covered by an argument list where its entry sets a directory or a variable that loads other code', () => {
    proves('local-server.loader-variables', {
      file: 'bridge/server/sanction.ts',
      find: 'line.cwd === undefined && !Object.keys(line.env).some(choosesCode)',
      replace: 'line.cwd === undefined',
    });
    const allow = { AllowedLocalServerCommands: [['npx', '-y', 'files@1.0.0']] };
    for (const name of loaders)
      expect(ask(allow, [], sourceOf('files', { ...source.line, env: { [name]: 'x' } })), name).toBe('SERVER_NOT_APPROVED');
    for (const name of ['KEY', 'HOMEPAGE', 'DENOTE', 'GITHUB_TOKEN', 'NODE_ENV', 'PYTHONUNBUFFERED', 'GOOGLE_API_KEY', 'RUSTY'])
      expect(ask(allow, [], sourceOf('files', { ...source.line, env: { [name]: 'x' } })), name).toBe('runs');
    expect(ask(allow, [], sourceOf('files', { ...source.line, cwd: '/tmp' }))).toBe('SERVER_NOT_APPROVED');
  });

  test('runs by approval of the gateway only where the profile delegates, and only this server and fingerprint', () => {
    proves('local-server.gateway-approves', {
      file: 'bridge/server/sanction.ts',
      find: 'verdict.server === server && verdict.fingerprint === fingerprint',
      replace: 'verdict.server === server',
    });
    const delegates = { LocalServerApproval: 'gateway' } as const;
    expect(ask({}, [approved])).toBe('SERVER_NOT_APPROVED');
    expect(ask(delegates, [approved])).toBe('runs');
    expect(ask(delegates, [{ ...approved, fingerprint: otherFingerprint }])).toBe('SERVER_NOT_APPROVED');
    expect(ask(delegates, [{ ...approved, server: Slug.parse('other') }])).toBe('SERVER_NOT_APPROVED');
    expect(ask(delegates, [approved, denied])).toBe('SERVER_DENIED');
    expect(ask(delegates, [])).toBe('SERVER_NOT_APPROVED');
  });

  test('is denied by name however its path or case is written', () => {
    for (const command of ['npx', '/usr/local/bin/npx', 'NPX', 'C:\\Program Files\\nodejs\\npx.cmd'])
      expect(ask({ DeniedLocalServerCommands: [['npx']] }, [], sourceOf('files', { command }))).toBe('SERVER_DENIED');
    expect(ask({ DeniedLocalServerCommands: [['npx', '-y', 'other']] })).toBe('SERVER_NOT_APPROVED');
    expect(ask({ DeniedLocalServerCommands: [['npx', '-y', 'files@1.0.0']] })).toBe('SERVER_DENIED');
  });
});

const someFingerprint = fc.constantFrom(fingerprint, otherFingerprint);
const someRule: fc.Arbitrary<CommandRule> = fc.oneof(
  someFingerprint,
  fc.constantFrom<string[]>(['npx'], ['npx', '-y', 'files@1.0.0'], ['node', 'x.js'], ['/usr/bin/npx', '-y', 'files@1.0.0']),
);
const someVerdict = fc.record({
  server: fc.constantFrom(server, Slug.parse('other')),
  fingerprint: someFingerprint,
  decision: fc.constantFrom('approved' as const, 'denied' as const),
});
const someLine = fc.constantFrom<LaunchLine>(
  source.line,
  { ...source.line, env: {} },
  { command: 'node', args: ['x.js'], env: {} },
);
const someQuestion = fc.record({
  profile: fc.record({
    LocalServers: fc.oneof(
      fc.constant({}),
      someLine.map((line) => ({ [server]: line })),
    ),
    LocalServerApproval: fc.constantFrom('profile' as const, 'gateway' as const),
    AllowedLocalServerCommands: fc.array(someRule, { maxLength: 3 }),
    DeniedLocalServerCommands: fc.array(someRule, { maxLength: 2 }),
  }),
  verdicts: fc.array(someVerdict, { maxLength: 4 }),
  source: someLine.map((line) => sourceOf('files', line)),
  fingerprint: someFingerprint,
});

describe('whatever else is said', () => {
  test('what the profile denies never runs', () => {
    proves('local-server.deny-wins', {
      file: 'bridge/server/sanction.ts',
      find: 'profile.DeniedLocalServerCommands.some(',
      replace: 'profile.LocalServerApproval !== "gateway" && profile.DeniedLocalServerCommands.some(',
    });
    fc.assert(
      fc.property(someQuestion, fc.boolean(), (question, byName) => {
        const rule = byName ? [question.source.line.command] : question.fingerprint;
        const profile = {
          ...question.profile,
          DeniedLocalServerCommands: [...question.profile.DeniedLocalServerCommands, rule],
        };
        expect(sanction({ ...question, profile })?.code).toBe('SERVER_DENIED');
      }),
    );
  });

  test('a fingerprint that nobody named runs only by the letter of the profile', () => {
    const unknown = Fingerprint.parse(`sha256:${'c'.repeat(64)}`);
    fc.assert(
      fc.property(someQuestion, (question) => {
        const profile = { ...question.profile, LocalServers: {}, AllowedLocalServerCommands: [] };
        expect(sanction({ ...question, profile, fingerprint: unknown })).toBeDefined();
      }),
    );
  });

  test('no verdict of the gateway makes anything run where the profile does not delegate', () => {
    proves('local-server.no-delegation', {
      file: 'bridge/server/sanction.ts',
      find: "if (profile.LocalServerApproval !== 'gateway') return",
      replace: "if (profile.LocalServerApproval !== 'gateway' && verdicts.length === 0) return",
    });
    fc.assert(
      fc.property(someQuestion, (question) => {
        const profile = { ...question.profile, LocalServerApproval: 'profile' as const };
        const silent = sanction({ ...question, profile, verdicts: [] })?.code;
        expect(sanction({ ...question, profile })?.code).toBe(silent);
      }),
    );
  });
});
