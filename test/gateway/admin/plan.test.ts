// The plan of a policy: nothing for no change, and words for every change.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TokenId, Slug } from '#contract/id.ts';
import { PolicyFile } from '#contract/policy.ts';
import { type Change, describeChange, planPolicy, type Held } from '../../../gateway/admin/plan.ts';
import { proves } from '../../requirement.ts';
import { anyPolicy } from './policy.ts';

const nothing: Held = { tokens: [], workstations: [], now: 0 };
function planned(...of: Parameters<typeof planPolicy>): readonly Change[] {
  const plan = planPolicy(...of);
  for (;;) {
    const { done, value } = plan.next();
    if (done === true) return value;
  }
}
const lines = (before: unknown, after: unknown, held: Held = nothing) =>
  planned(PolicyFile.parse(before), PolicyFile.parse(after), held).map(describeChange);

const base = {
  version: 1,
  users: { ada: { email: 'ada@example.org', teams: ['eng'] } },
  teams: { eng: { gateways: ['main'] } },
  servers: { memory: { kind: 'workstation' } },
  gateways: { main: { assignments: { memory: { tools: ['read', 'write'] } } } },
};
const empty = { version: 1 };

describe('the plan of a policy', () => {
  test('is empty where the policy is the one in force', () => {
    fc.assert(
      fc.property(anyPolicy, (policy) => {
        expect(planned(policy, structuredClone(policy), nothing)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('names something for any two policies that mean different things', () => {
    proves('gateway-shell.plan-complete', {
      file: 'gateway/admin/plan.ts',
      find: "return value.size === 0 ? 'none' : JSON.stringify([...value].toSorted());",
      replace: "return value.size === 0 ? 'none' : [...value].toSorted().join(' ');",
    });
    fc.assert(
      fc.property(anyPolicy, anyPolicy, (before, after) => {
        expect(planned(before, after, nothing).length > 0).toBe(meaning(before) !== meaning(after));
      }),
      {
        numRuns: 500,
        examples: [
          [onlyTools('all'), onlyTools(['all'])],
          [onlyTools(['a b']), onlyTools(['a', 'b'])],
          [onlyTools(['if:{"name":"*"}']), onlyTools([{ if: { name: '*' } }])],
        ],
      },
    );
  });

  test('says what a new policy adds', () => {
    expect(lines(empty, base)).toEqual([
      '+ user ada: email ada@example.org; teams ["eng"]',
      '+ team eng: gateways ["main"]',
      '+ server memory: kind workstation; shareable false; timeoutSeconds 60',
      '+ gateway main',
      '+ assignment main/memory: reach caller; tools ["read","write"]; pins first-use',
    ]);
  });

  test('says what was changed, and who gains and loses which gateway by it', () => {
    const after = structuredClone(base);
    after.gateways.main.assignments.memory.tools = ['read', 'list'];
    Object.assign(after.teams, { ops: { gateways: [] } });
    after.users.ada.teams = ['ops'];
    expect(lines(base, after)).toEqual([
      '~ user ada: teams -eng +ops',
      '+ team ops: gateways none',
      '~ assignment main/memory: tools -write +list',
      '- access ada -> main',
    ]);
    expect(lines(after, base)).toContain('+ access ada -> main');
  });

  test('says what changes of rules, their order included', () => {
    const of = (names: readonly string[], action = 'redact') =>
      PolicyFile.parse({
        ...base,
        gateways: { main: { ...base.gateways.main, rules: names.map((name) => ({ name, method: 'secrets', action })) } },
      });
    expect(lines(base, of(['a']))).toEqual([
      '+ rule main/a: on both; for ["tools","prompts","resources"]; alert false; onFailure block; action redact; method secrets',
    ]);
    expect(lines(of(['a', 'b']), of(['b', 'a']))).toEqual(['~ rule main/b: behind a -> none', '~ rule main/a: behind b']);
    expect(lines(of(['a']), of(['a'], 'block'))).toEqual(['~ rule main/a: action redact -> block']);
    expect(lines(of(['a']), base)).toEqual(['- rule main/a']);
  });

  test('says what changes of a sign-in at a server, and which group of the directory counts first', () => {
    const of = (clientId: string, ...groups: readonly string[]) =>
      PolicyFile.parse({
        version: 1,
        roles: { a: { capabilities: [] } },
        directory: { groups: Object.fromEntries([...groups.map((name) => [name, { role: 'a' }]), ['c', { teams: [] }]]) },
        servers: {
          crm: {
            kind: 'remote',
            url: 'https://a.example.org',
            auth: 'oauth',
            oauth: { issuer: 'https://i.example.org', clientId },
          },
        },
      });
    expect(lines(of('x', 'a', 'b'), of('y', 'a', 'b'))).toEqual(['~ server crm: oauth.clientId x -> y']);
    expect(lines(of('x', 'a', 'b'), of('x', 'b', 'a'))).toEqual(['~ directory b: behind a -> none', '~ directory a: behind b']);
    expect(lines(of('x', 'a', 'b'), of('x', 'a', 'b'))).toEqual([]);
  });

  test('says that records go for good where they are to be kept for a time only, and payloads where it is a shorter one', () => {
    const of = (records?: string) => ({ version: 1, retention: { records } });
    const gone = 'what is older is removed for good';
    expect(lines(empty, of('400d'))).toEqual([`~ setting retention.records: value for good -> 400d; ${gone}`]);
    expect(lines(of('400d'), of('30d'))).toEqual([`~ setting retention.records: value 400d -> 30d; ${gone}`]);
    expect(lines(of('30d'), empty)).toEqual(['~ setting retention.records: value 30d -> for good']);
    expect(lines(empty, of())).toEqual([]);
    const captured = (payloads: string) => ({ version: 1, retention: { payloads } });
    expect(lines(empty, captured('7d'))).toEqual([`~ setting retention.payloads: value 30d -> 7d; ${gone}`]);
    expect(lines(captured('7d'), captured('90d'))).toEqual(['~ setting retention.payloads: value 7d -> 90d']);
    expect(lines(empty, of('7d'))).toContain(`~ setting retention.payloads: value 30d -> 7d; ${gone}`);
    for (const days of ['0d', '1h', '24h', '-1d', '1.5d', '400']) expect(() => lines(empty, of(days))).toThrow('whole days');
  });

  test('says what the removal of a user and of a gateway revokes', () => {
    const token = {
      kind: 'host' as const,
      id: TokenId.parse('0198c0de-0000-7000-8000-000000000001'),
      user: Slug.parse('ada'),
      gateway: Slug.parse('main'),
      host: 'codex',
      hash: '',
      createdAt: 0,
      expiresAt: 10,
      revokedAt: null,
      spentAt: null,
    };
    const held = { tokens: [token, { ...token, revokedAt: 1 }, { ...token, expiresAt: 5 }], workstations: [], now: 5 };
    expect(lines(base, empty, held)).toContain('- user ada: revokes 1 token');
    expect(lines(base, { ...base, teams: { eng: {} }, gateways: {} }, held)).toContain('- gateway main: revokes 1 token');
  });
});

function onlyTools(tools: 'all' | readonly (string | object)[]): PolicyFile {
  return PolicyFile.parse({
    version: 1,
    servers: { s: { kind: 'workstation' } },
    gateways: { g: { assignments: { s: { tools } } } },
  });
}

/** What a policy says, written in one way only: the order and repetition of names in lists mean nothing, and no tools are none. */
function meaning(policy: PolicyFile): string {
  return JSON.stringify(policy, (key, value: unknown) => {
    if (Array.isArray(value))
      return key === 'tools' && value.length === 0 ? 'none' : [...new Set(value.map((item) => JSON.stringify(item)))].toSorted();
    if (value instanceof Object) return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    return value;
  });
}
