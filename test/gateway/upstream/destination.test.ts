// Which workstation serves a call: the caller's own, never another's; and no guess where two would do.
import { describe, expect, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { Fingerprint, newId, Slug, UserId, WorkstationId } from '#contract/id.ts';
import { PolicyFile, type PolicyIds } from '#contract/policy.ts';
import type { AllowedCall, Caller, Identified } from '../../../gateway/call.ts';
import { compile, type Source } from '../../../gateway/policy/compile.ts';
import { decide, enter } from '../../../gateway/policy/decide.ts';
import { resolve } from '../../../gateway/pipeline/resolve.ts';
import { chooseDestination } from '../../../gateway/upstream/destination.ts';
import { proves } from '../../requirement.ts';

const ids = {
  users: { ada: newId(), bob: newId() },
  teams: {},
  servers: { files: newId() },
  gateways: { eng: newId() },
  assignments: {},
} satisfies PolicyIds;
const ada = UserId.parse(ids.users.ada);
const bob = UserId.parse(ids.users.bob);
const [adaOne, adaTwo, bobOne, shared] = [newId(), newId(), newId(), newId()].map((id) => WorkstationId.parse(id)) as [
  WorkstationId,
  WorkstationId,
  WorkstationId,
  WorkstationId,
];
const owners = new Map([
  [adaOne, ada],
  [adaTwo, ada],
  [bobOne, bob],
  [shared, bob],
]);
const print = (digit: string) => Fingerprint.parse(`sha256:${digit.repeat(64)}`);

/** Connected workstations, as the hub tells of them. */
function hubOf(...online: WorkstationId[]) {
  const presences = online.map((workstation) => ({ workstation, user: owners.get(workstation) ?? ada, since: 0 }));
  return {
    presences: (user: UserId) => presences.filter((presence) => presence.user === user),
    presence: (id: WorkstationId) => presences.find((presence) => presence.workstation === id),
  };
}
function offer(workstation: WorkstationId, digit: string, hosts: string[] = [], offeredAt = 0): Source['offers'][number] {
  return {
    workstation,
    server: Slug.parse('files'),
    fingerprint: print(digit),
    hosts,
    offeredAt,
    command: { kind: 'file', identity: '/bin/x', contentHash: '', args: [], environmentNames: [] },
  };
}
function given(
  offers: Source['offers'],
  options: { reach?: string; workstation?: WorkstationId; host?: string; approvals?: Source['approvals'] } = {},
) {
  const policy = PolicyFile.parse({
    version: 1,
    users: { ada: { email: 'a@example.org', teams: ['red'] } },
    teams: { red: { gateways: ['eng'] } },
    servers: { files: { kind: 'workstation' } },
    gateways: { eng: { assignments: { files: { tools: 'all', reach: options.reach ?? 'caller' } } } },
  });
  const snapshot = compile({ policy, ids, offers, approvals: options.approvals ?? [] });
  const eng = Slug.parse('eng');
  const caller: Caller = {
    user: { id: ada, slug: Slug.parse('ada') },
    host: options.host ?? 'codex',
    token: null,
    gateway: eng,
    via: 'http',
    workstation: options.workstation ?? null,
  };
  const gateway = enter(snapshot, caller, 'eng');
  if (gateway instanceof Fault) throw gateway;
  const request: Identified = {
    era: 'legacy',
    method: 'tools/call',
    target: { gateway: eng, server: undefined },
    body: Buffer.alloc(0),
    caller,
    conversation: 'c',
    arrivedAt: { monotonic: 0, wall: 0 },
  };
  const decision = decide(snapshot, { ...request, ...resolve(gateway, request, { kind: 'tools', name: 'files__read' }) });
  if (decision.kind === 'refused') throw decision.fault;
  return { snapshot, call: decision.call satisfies AllowedCall };
}
function choose({ snapshot, call }: ReturnType<typeof given>, online: WorkstationId[], lastUsed?: WorkstationId): unknown {
  try {
    return chooseDestination(snapshot, hubOf(...online), call, () => lastUsed);
  } catch (error) {
    return error instanceof Fault ? error.code : error;
  }
}

describe('chooseDestination', () => {
  test("takes the caller's own workstation and never another person's", () => {
    proves('policy.own-workstation', {
      file: 'gateway/upstream/destination.ts',
      find: ': hub.presences(caller.user.id);',
      replace: ': [...snapshot.offers.keys()].map((id) => hub.presence(id as never));',
    });
    const both = given([offer(adaOne, 'a'), offer(bobOne, 'b')]);
    expect(choose(both, [bobOne, adaOne])).toEqual({ workstation: adaOne, fingerprint: print('a') });
    expect(choose(both, [bobOne])).toBe('WORKSTATION_OFFLINE');
  });

  test("does not guess between two of the caller's workstations, but keeps to the one used last", () => {
    proves('policy.ambiguity-refused', {
      file: 'gateway/upstream/destination.ts',
      find: 'offering.length === 1 ? first :',
      replace: 'true ? first :',
    });
    const two = given([offer(adaOne, 'a'), offer(adaTwo, 'b')]);
    expect(choose(two, [adaOne, adaTwo])).toBe('WORKSTATION_AMBIGUOUS');
    expect(choose(two, [adaOne, adaTwo], adaTwo)).toEqual({ workstation: adaTwo, fingerprint: print('b') });
    expect(choose(two, [adaOne])).toEqual({ workstation: adaOne, fingerprint: print('a') });
  });

  test('keeps a call through the shim on the workstation that it came from', () => {
    const two = given([offer(adaOne, 'a'), offer(adaTwo, 'b')], { workstation: adaTwo });
    expect(choose(two, [adaOne, adaTwo])).toEqual({ workstation: adaTwo, fingerprint: print('b') });
  });

  test('goes to a shared workstation where the assignment names one', () => {
    expect(choose(given([offer(shared, 'c')], { reach: shared }), [shared])).toEqual({
      workstation: shared,
      fingerprint: print('c'),
    });
    expect(choose(given([offer(shared, 'c')], { reach: shared }), [adaOne])).toBe('WORKSTATION_OFFLINE');
  });

  test('says that nobody offers the server', () => {
    expect(choose(given([]), [adaOne])).toBe('SERVER_NOT_OFFERED');
  });

  test("takes the command of the calling host's own config, then an approved one, and never a denied one", () => {
    const offers = [offer(adaOne, 'a', ['vscode'], 2), offer(adaOne, 'b', ['codex'], 1), offer(adaOne, 'c', [], 3)];
    const server = Slug.parse('files');
    expect(choose(given(offers), [adaOne])).toMatchObject({ fingerprint: print('b') });
    expect(choose(given(offers, { host: 'zed' }), [adaOne])).toMatchObject({ fingerprint: print('c') });
    expect(
      choose(given(offers, { host: 'zed', approvals: [{ server, fingerprint: print('a'), decision: 'approved' }] }), [adaOne]),
    ).toMatchObject({ fingerprint: print('a') });
    const denied = ['a', 'b', 'c'].map((digit) => ({ server, fingerprint: print(digit), decision: 'denied' as const }));
    expect(choose(given(offers, { approvals: denied }), [adaOne])).toBe('SERVER_DENIED');
  });
});
