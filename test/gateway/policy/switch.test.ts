// What is switched off, as decisions see it: each kind refuses what it is about and nothing else, and is on again when its time has come.
import { describe, expect, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { newId, Slug, TokenId, UserId, WorkstationId } from '#contract/id.ts';
import { PolicyFile, type PolicyIds } from '#contract/policy.ts';
import { everything, identityName, type Switch, switchKinds, type SwitchTarget } from '#contract/switch.ts';
import type { Caller, Identified } from '../../../gateway/call.ts';
import { resolve } from '../../../gateway/pipeline/resolve.ts';
import { compile, type Snapshot } from '../../../gateway/policy/compile.ts';
import { decide, decideListing, enter, memberOff } from '../../../gateway/policy/decide.ts';
import { compileOff } from '../../../gateway/policy/switch.ts';
import { proves } from '../../requirement.ts';

const shared = WorkstationId.parse(newId());
const own = WorkstationId.parse(newId());
const token = TokenId.parse(newId());
const ids: PolicyIds = {
  users: { ada: newId(), bob: newId() },
  teams: {},
  servers: { files: newId(), crm: newId(), desk: newId() },
  gateways: { eng: newId(), ops: newId() },
  assignments: {},
};
const assignments = {
  files: { tools: 'all' },
  desk: { tools: 'all', reach: shared },
  crm: { tools: 'all', identity: 'own' },
};
const policy = PolicyFile.parse({
  version: 1,
  users: { ada: { email: 'a@example.org', teams: ['all'] }, bob: { email: 'b@example.org', teams: ['all'] } },
  teams: { all: { gateways: ['eng', 'ops'] } },
  servers: {
    files: { kind: 'workstation' },
    desk: { kind: 'workstation', shareable: true },
    crm: { kind: 'remote', url: 'https://crm.example.org/mcp', auth: 'header' },
  },
  gateways: {
    eng: { assignments },
    ops: { assignments: { ...assignments, crm: { tools: 'all', identity: 'shared' } } },
  },
});
const compiled = compile({ policy, ids, offers: [], approvals: [] });
const at = 1_000_000;
const off = (target: SwitchTarget, change: Partial<Switch> = {}): Switch => ({
  ...target,
  reason: 'it leaks.',
  isTold: false,
  since: at,
  until: null,
  by: 'test',
  owner: null,
  ...change,
});
const withOff = (...switches: Switch[]): Snapshot => ({ ...compiled, off: compileOff(switches, () => at) });

interface Way {
  readonly user: 'ada' | 'bob';
  readonly gateway: 'eng' | 'ops';
  readonly server: 'files' | 'crm' | 'desk';
  readonly via: 'http' | 'shim';
}
const ways: readonly Way[] = (['ada', 'bob'] as const).flatMap((user) =>
  (['eng', 'ops'] as const).flatMap((gateway) =>
    (['files', 'crm', 'desk'] as const).flatMap((server) =>
      (['http', 'shim'] as const).map((via) => ({ user, gateway, server, via })),
    ),
  ),
);
function asked({ user, gateway, server, via }: Way): Identified {
  const isShim = via === 'shim';
  const caller: Caller = {
    user: { id: UserId.parse(ids.users[user]), slug: Slug.parse(user) },
    host: 'codex',
    client: `${isShim ? 'shim' : 'token'}:codex`,
    token: isShim ? null : token,
    gateway: Slug.parse(gateway),
    via,
    workstation: isShim ? own : null,
  };
  const target = { gateway: Slug.parse(gateway), server: Slug.parse(server) };
  const arrivedAt = { monotonic: 0, wall: 0 };
  return { era: 'legacy', method: 'tools/call', target, body: Buffer.alloc(0), caller, conversation: 'c', arrivedAt };
}
/** The codes of a call, of a list, and of entering the gateway for this server. */
function codes(snapshot: Snapshot, way: Way): readonly (string | undefined)[] {
  const request = asked(way);
  const gateway = compiled.gateways.get(way.gateway);
  if (!gateway) throw new Error('no gateway');
  const resolved = { ...request, ...resolve(gateway, request, { kind: 'tools', name: 'read' }) };
  const decision = decide(snapshot, resolved);
  const listing = decideListing(snapshot, request, resolved.assignment);
  const entered = enter(snapshot, request.caller, way.gateway, way.server);
  return [
    decision.kind === 'refused' ? decision.fault.code : undefined,
    ...[listing, entered].map((one) => (one instanceof Fault ? one.code : undefined)),
  ];
}

/** Of each kind, and which ways it is about. */
const cases: readonly (readonly [SwitchTarget, (way: Way) => boolean])[] = [
  [{ kind: 'user', name: 'ada' }, ({ user }) => user === 'ada'],
  [
    { kind: 'identity', name: identityName({ server: 'crm', user: 'ada' }) },
    ({ server, user, gateway }) => server === 'crm' && gateway === 'eng' && user === 'ada',
  ],
  [
    { kind: 'identity', name: identityName({ server: 'crm', user: 'bob', gateway: 'eng' }) },
    ({ server, user, gateway }) => server === 'crm' && gateway === 'eng' && user === 'bob',
  ],
  [{ kind: 'identity', name: identityName({ server: 'crm' }) }, ({ server, gateway }) => server === 'crm' && gateway === 'ops'],
  [{ kind: 'connection', name: token }, ({ via }) => via === 'http'],
  [{ kind: 'host', name: 'shim:codex' }, ({ via }) => via === 'shim'],
  [{ kind: 'server', name: 'files' }, ({ server }) => server === 'files'],
  [{ kind: 'assignment', name: 'eng/files' }, ({ server, gateway }) => server === 'files' && gateway === 'eng'],
  [{ kind: 'gateway', name: 'ops' }, ({ gateway }) => gateway === 'ops'],
  [{ kind: 'workstation', name: own }, ({ via }) => via === 'shim'],
  [{ kind: 'workstation', name: shared }, ({ server }) => server === 'desk'],
  [{ kind: 'everything', name: everything }, () => true],
];

describe('what is switched off', () => {
  test('is tried for every kind there is', () => {
    expect([...new Set(cases.map(([{ kind }]) => kind))].toSorted()).toEqual(switchKinds.toSorted());
  });

  test.each(cases)('is refused, and nothing beside it: %j', (target, isAbout) => {
    proves('switch.just-that', {
      file: 'gateway/policy/decide.ts',
      find: "off.find('assignment', `${gateway.slug}/${server.slug}`)",
      replace: "off.find('assignment', server.slug)",
    });
    const snapshot = withOff(off(target));
    for (const way of ways) {
      const refused = isAbout(way) ? 'SWITCHED_OFF' : undefined;
      expect([way, ...codes(snapshot, way)]).toEqual([way, refused, refused, refused]);
      expect(codes(compiled, way)).toEqual([undefined, undefined, undefined]);
    }
  });

  test('is told to nobody who may not be there anyway', () => {
    const snapshot = withOff(off({ kind: 'gateway', name: 'eng' }));
    const { caller } = asked({ user: 'ada', gateway: 'ops', server: 'files', via: 'http' });
    expect(enter(snapshot, { ...caller, user: { ...caller.user, id: UserId.parse(newId()) } }, 'eng')).toMatchObject({
      code: 'GATEWAY_NOT_GRANTED',
    });
  });

  test('is on again by the clock alone, at the moment that was said', () => {
    proves('switch.until', {
      file: 'contract/switch.ts',
      find: 'until === null || now < until',
      replace: 'true',
    });
    const clock = { now: at };
    const compiledOff = compileOff([off({ kind: 'server', name: 'files' }, { until: at + 1000 })], () => clock.now);
    expect(compiledOff?.changesAt).toBe(at + 1000);
    const snapshot = { ...compiled, off: compiledOff };
    const way: Way = { user: 'ada', gateway: 'eng', server: 'files', via: 'http' };
    clock.now = at + 999;
    expect(codes(snapshot, way)[0]).toBe('SWITCHED_OFF');
    clock.now = at + 1000;
    expect(codes(snapshot, way)[0]).toBeUndefined();
    expect(compileOff([off({ kind: 'server', name: 'files' }, { until: at })], () => at)).toBeUndefined();
  });

  test('counts for tunnels by its user, its workstation and everything', () => {
    const codeOf = (...switches: Switch[]) => memberOff(withOff(...switches), 'ada', own)?.code;
    expect(codeOf()).toBeUndefined();
    expect(codeOf(off({ kind: 'gateway', name: 'eng' }), off({ kind: 'user', name: 'bob' }))).toBeUndefined();
    for (const [kind, name] of [
      ['user', 'ada'],
      ['workstation', own],
      ['everything', everything],
    ] as const)
      expect(codeOf(off({ kind, name }))).toBe('SWITCHED_OFF');
  });

  test('says what, since when and until when, and why only where that is to be told', () => {
    proves('switch.reason-told', {
      file: 'contract/switch.ts',
      find: 'of.isTold ?',
      replace: 'of.reason !== undefined ?',
    });
    const message = (change: Partial<Switch>) =>
      compileOff([off({ kind: 'assignment', name: 'eng/files' }, change)], () => at)?.find('assignment', 'eng/files')?.message;
    expect(message({})).toBe(
      'The server "files" at the gateway "eng" was switched off by an administrator at 1970-01-01T00:16:40.000Z. Ask your administrator.',
    );
    expect(message({ isTold: true, until: at + 60_000 })).toBe(
      'The server "files" at the gateway "eng" was switched off by an administrator at 1970-01-01T00:16:40.000Z until 1970-01-01T00:17:40.000Z. The reason: it leaks. Ask your administrator.',
    );
  });

  test('of a user’s own workstations is known by its owner', () => {
    const { off: compiledOff } = withOff(off({ kind: 'workstation', name: own }, { owner: Slug.parse('ada') }));
    expect([compiledOff?.workstationOf('ada')?.code, compiledOff?.workstationOf('bob')?.code]).toEqual([
      'SWITCHED_OFF',
      undefined,
    ]);
  });
});
