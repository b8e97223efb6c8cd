// The decision against a naive reading of the policy file: for any policy and any caller the two agree, and nothing absent is allowed.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newId, Slug, TokenId, UserId } from '#contract/id.ts';
import { PolicyFile, type PolicyIds } from '#contract/policy.ts';
import type { Caller, Identified } from '../../../gateway/call.ts';
import { compile } from '../../../gateway/policy/compile.ts';
import { decide, enter } from '../../../gateway/policy/decide.ts';
import { prefixed, resolve } from '../../../gateway/pipeline/resolve.ts';
import { Fault } from '#contract/error.ts';
import { proves } from '../../requirement.ts';

const users = ['ada', 'bob'];
const teams = ['red', 'blue'];
const servers = ['files', 'mail'];
const gateways = ['eng', 'ops'];
const tools = ['read', 'write'];

const subset = (of: string[]) => fc.uniqueArray(fc.constantFrom(...of));
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
          fc.record({ tools: fc.oneof(fc.constantFrom('all', 'none'), subset(tools)) }),
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
function naive(policy: PolicyFile, user: string, gateway: string, server: string, tool: string): boolean {
  const isGranted = (policy.users as Record<string, { teams: string[] }>)[user]?.teams.some((team) =>
    (policy.teams as Record<string, { gateways: string[] }>)[team]?.gateways.includes(gateway),
  );
  const assignment = (policy.gateways as Record<string, PolicyFile['gateways'][Slug]>)[gateway]?.assignments[Slug.parse(server)];
  if (!isGranted || !assignment || !(server in policy.servers)) return false;
  return assignment.tools === 'all' || (assignment.tools !== 'none' && assignment.tools.includes(tool));
}

describe('decide', () => {
  test('agrees with the policy file read by hand, for every policy, user, gateway, server and tool', () => {
    proves('policy.absent-means-no', {
      file: 'gateway/policy/decide.ts',
      find: "if (!assignment.provisions('tools', call.tool))",
      replace: 'if (false)',
    });
    fc.assert(
      fc.property(
        policies,
        fc.constantFrom(...users),
        fc.constantFrom(...gateways),
        fc.constantFrom(...servers),
        fc.constantFrom(...tools, 'other'),
        fc.boolean(),
        (policy, user, gateway, server, tool, isPrefixed) => {
          const snapshot = compile({ policy, ids, offers: [], approvals: [] });
          const asked = request(user, gateway, gateway, isPrefixed ? undefined : server);
          const isAllowed = ((): boolean => {
            const compiled = enter(snapshot, asked.caller, gateway);
            if (compiled instanceof Fault) return false;
            try {
              return decide(snapshot, resolve(compiled, asked, isPrefixed ? `${server}__${tool}` : tool)).kind === 'allowed';
            } catch {
              return false;
            }
          })();
          expect(isAllowed).toBe(naive(policy, user, gateway, server, tool));
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

test('a prefixed name leads back to its server and tool, whatever underscores the tool has', () => {
  fc.assert(
    fc.property(fc.constantFrom('a', 'a-b', 'a_b', 'x0'), fc.string({ minLength: 1, maxLength: 30 }), (server, tool) => {
      const policy = PolicyFile.parse({
        version: 1,
        servers: { [server]: { kind: 'workstation' } },
        gateways: { eng: { assignments: { [server]: {} } } },
      });
      const gateway = compile({
        policy,
        ids: { ...ids, servers: { [server]: newId() } },
        offers: [],
        approvals: [],
      }).gateways.get('eng');
      const assignment = gateway?.assignments.get(server);
      if (!gateway || !assignment) throw new Error('not compiled');
      const resolved = resolve(gateway, request('ada', 'eng', 'eng', undefined), prefixed(assignment, tool));
      expect([resolved.assignment.server.slug, resolved.tool]).toEqual([server, tool]);
    }),
  );
});
