// The decision against a naive reading of the policy file: for any policy and any caller the two agree, and nothing absent is allowed.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newId, Slug, TokenId, UserId } from '#contract/id.ts';
import { type ItemKind, itemKinds, PolicyFile, type PolicyIds } from '#contract/policy.ts';
import type { Caller, Identified } from '../../../gateway/call.ts';
import type { Item } from '../../../gateway/mcp/feature.ts';
import { prefixed } from '../../../gateway/mcp/item-name.ts';
import { compile } from '../../../gateway/policy/compile.ts';
import { decide, enter } from '../../../gateway/policy/decide.ts';
import { compilePins } from '../../../gateway/policy/pins.ts';
import { resolve } from '../../../gateway/pipeline/resolve.ts';
import { Fault } from '#contract/error.ts';
import { proves } from '../../requirement.ts';

const users = ['ada', 'bob'];
const teams = ['red', 'blue'];
const servers = ['files', 'mail'];
const gateways = ['eng', 'ops'];
const items: Readonly<Record<ItemKind, readonly string[]>> = {
  tools: ['read', 'write'],
  prompts: ['read', 'review'],
  resources: ['demo://a/1', 'demo://b'],
  templates: ['demo://a/{id}', 'demo://{b}'],
};
const subset = (of: string[]) => fc.uniqueArray(fc.constantFrom(...of));
const someItem = fc
  .constantFrom(...itemKinds)
  .chain((kind) => fc.constantFrom(...items[kind], 'demo://c/2', 'other').map((name) => ({ kind, name })));
const exposed = (kind: ItemKind) =>
  fc.option(fc.oneof(fc.constantFrom('all', 'none'), subset([...items[kind]])), { nil: undefined });

const policies = fc
  .record({
    users: fc.dictionary(fc.constantFrom(...users), fc.record({ email: fc.constant('a@example.org'), teams: subset(teams) })),
    teams: fc.dictionary(fc.constantFrom(...teams), fc.record({ gateways: subset(gateways) })),
    servers: fc.dictionary(fc.constantFrom(...servers), fc.constant({ kind: 'workstation' })),
    gateways: fc.dictionary(
      fc.constantFrom(...gateways),
      fc.record({
        assignments: fc.dictionary(
          fc.constantFrom(...servers),
          fc.record({
            tools: exposed('tools'),
            prompts: exposed('prompts'),
            resources: exposed('resources'),
            templates: exposed('templates'),
          }),
        ),
      }),
    ),
  })
  .map((policy) => PolicyFile.parse({ version: 1, ...policy }));

const ids: PolicyIds = {
  users: Object.fromEntries(users.map((slug) => [slug, newId()])),
  teams: {},
  servers: Object.fromEntries(servers.map((slug) => [slug, newId()])),
  gateways: Object.fromEntries(gateways.map((slug) => [slug, newId()])),
  assignments: {},
};

function request(user: string, tokenFor: string, gateway: string, server: string | undefined): Identified {
  const caller: Caller = {
    user: { id: UserId.parse(ids.users[user]), slug: Slug.parse(user) },
    host: 'codex',
    token: TokenId.parse(newId()),
    gateway: Slug.parse(tokenFor),
    via: 'http',
    workstation: null,
  };
  const target = { gateway: Slug.parse(gateway), server: server === undefined ? undefined : Slug.parse(server) };
  return {
    era: 'legacy',
    method: 'tools/call',
    target,
    body: Buffer.alloc(0),
    caller,
    conversation: 'c',
    arrivedAt: { monotonic: 0, wall: 0 },
  };
}

/** The policy file read as a person reads it. */
function naive(policy: PolicyFile, user: string, gateway: string, server: string, { kind, name }: Item): boolean {
  const isGranted = (policy.users as Record<string, { teams: string[] }>)[user]?.teams.some((team) =>
    (policy.teams as Record<string, { gateways: string[] }>)[team]?.gateways.includes(gateway),
  );
  const assignment = (policy.gateways as Record<string, PolicyFile['gateways'][Slug]>)[gateway]?.assignments[Slug.parse(server)];
  if (!isGranted || !assignment || !(server in policy.servers)) return false;
  const isExposed = (of: ItemKind, wanted: string) =>
    assignment[of] === 'all' || (assignment[of] !== 'none' && assignment[of].includes(wanted));
  if (isExposed(kind, name)) return true;
  const templateOf: Readonly<Record<string, string>> = { 'demo://a/1': 'demo://a/{id}', 'demo://b': 'demo://{b}' };
  // Where every template is exposed the server's list counts, and here it lists none.
  return kind === 'resources' && assignment.templates !== 'all' && isExposed('templates', templateOf[name] ?? '');
}

describe('decide', () => {
  test('agrees with the policy file read by hand, for every policy, user, gateway, server and item', () => {
    proves('policy.absent-means-no', {
      file: 'gateway/policy/decide.ts',
      find: 'if (!isExposed(assignment, call))',
      replace: 'if (false)',
    });
    fc.assert(
      fc.property(
        policies,
        fc.constantFrom(...users),
        fc.constantFrom(...gateways),
        fc.constantFrom(...servers),
        someItem,
        fc.boolean(),
        (policy, user, gateway, server, item, isPrefixed) => {
          const snapshot = compile({ policy, ids, offers: [], approvals: [] });
          const asked = request(user, gateway, gateway, isPrefixed ? undefined : server);
          const isAllowed = ((): boolean => {
            const compiled = enter(snapshot, asked.caller, gateway);
            if (compiled instanceof Fault) return false;
            try {
              const name = isPrefixed ? prefixed(server, item) : item.name;
              return decide(snapshot, { ...asked, ...resolve(compiled, asked, { ...item, name }) }).kind === 'allowed';
            } catch {
              return false;
            }
          })();
          expect(isAllowed).toBe(naive(policy, user, gateway, server, item));
        },
      ),
      { numRuns: 500 },
    );
  });

  const open = PolicyFile.parse({
    version: 1,
    users: { ada: { email: 'a@example.org', teams: ['red'] }, bob: { email: 'b@example.org', teams: ['blue'] } },
    teams: { red: { gateways: ['eng', 'ops'] }, blue: { gateways: ['ops'] } },
    servers: { files: { kind: 'workstation' } },
    gateways: { eng: { assignments: { files: { tools: 'all' } } }, ops: {} },
  });
  const snapshot = compile({ policy: open, ids, offers: [], approvals: [] });
  const codeOf = (entered: unknown) => (entered instanceof Fault ? entered.code : 'entered');

  test('a user of another team may not enter', () => {
    proves('policy.team-grants', {
      file: 'gateway/policy/decide.ts',
      find: 'if (!compiled || !isGranted)',
      replace: 'if (!compiled)',
    });
    expect(codeOf(enter(snapshot, request('ada', 'eng', 'eng', undefined).caller, 'eng'))).toBe('entered');
    expect(codeOf(enter(snapshot, request('bob', 'eng', 'eng', undefined).caller, 'eng'))).toBe('GATEWAY_NOT_GRANTED');
  });

  test('an unknown gateway and one that is not granted get the same answer', () => {
    expect(codeOf(enter(snapshot, request('bob', 'eng', 'none', undefined).caller, 'none'))).toBe('GATEWAY_NOT_GRANTED');
  });

  test('a token for one gateway opens no other, even one that the user may enter', () => {
    proves('policy.token-gateway', {
      file: 'gateway/policy/decide.ts',
      find: 'if (caller.gateway !== gateway)',
      replace: 'if (false)',
    });
    expect(codeOf(enter(snapshot, request('ada', 'eng', 'ops', undefined).caller, 'ops'))).toBe('TOKEN_NOT_FOR_GATEWAY');
  });

  test('a slug that names another person than the id is refused', () => {
    const { caller } = request('ada', 'eng', 'eng', undefined);
    expect(codeOf(enter(snapshot, { ...caller, user: { ...caller.user, id: UserId.parse(ids.users['bob']) } }, 'eng'))).toBe(
      'GATEWAY_NOT_GRANTED',
    );
  });
});

test('where every template is exposed, a resource of one that the server lists may be read, and no other', () => {
  const policy = PolicyFile.parse({
    version: 1,
    users: { ada: { email: 'a@example.org', teams: ['red'] } },
    teams: { red: { gateways: ['eng'] } },
    servers: { files: { kind: 'workstation' } },
    gateways: { eng: { assignments: { files: { templates: 'all' } } } },
  });
  const snapshot = compile({ policy, ids, offers: [], approvals: [] });
  const asked = request('ada', 'eng', 'eng', 'files');
  const gateway = enter(snapshot, asked.caller, 'eng');
  if (gateway instanceof Fault) throw gateway;
  const read = (name: string, listedTemplates: string[]) =>
    decide(snapshot, {
      ...asked,
      ...resolve(gateway, asked, { kind: 'resources', name }),
      listedTemplates: listedTemplates.map((template) => ({ name: template })),
    }).kind;
  expect(read('demo://a/1', ['demo://a/{id}'])).toBe('allowed');
  expect(read('demo://a/1/2', ['demo://a/{id}'])).toBe('refused');
  expect(read('demo://a/1', [])).toBe('refused');
});

test('a task of a tool that a condition exposes goes on while an accepted definition of it fits', () => {
  const policy = PolicyFile.parse({
    version: 1,
    users: { ada: { email: 'a@example.org', teams: ['red'] } },
    teams: { red: { gateways: ['eng'] } },
    servers: { mail: { kind: 'workstation' } },
    gateways: { eng: { assignments: { mail: { tools: [{ if: { readOnlyHint: true } }] } } } },
  });
  const asked = request('ada', 'eng', 'eng', 'mail');
  const codeBy = (state: 'accepted' | 'waiting', readOnlyHint: boolean) => {
    const assignment = newId();
    const row = { assignment, kind: 'tools' as const, name: 'read', hash: 'h', body: 'b', decidedAt: null };
    const pins = compilePins([{ ...row, state, hints: { readOnlyHint } }]);
    const snapshot = compile({
      policy,
      ids: { ...ids, assignments: { 'eng/mail': assignment } },
      offers: [],
      approvals: [],
      pins,
    });
    const gateway = enter(snapshot, asked.caller, 'eng');
    if (gateway instanceof Fault) throw gateway;
    const found = resolve(gateway, asked, { kind: 'tools', name: 'read' });
    const decision = decide(snapshot, { ...asked, ...found, task: { own: 'o', shown: 's' } });
    return decision.kind === 'refused' ? decision.fault.code : 'allowed';
  };
  expect([codeBy('accepted', true), codeBy('accepted', false), codeBy('waiting', true)]).toEqual([
    'allowed',
    'CONDITION_UNMET',
    'CONDITION_UNMET',
  ]);
});
