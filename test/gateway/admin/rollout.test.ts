// How far a rollout is: each of its four steps against facts of which one is changed, and against a real store.
import { describe, expect, test } from 'vitest';
import type { PostureSummary } from '#contract/posture-summary.ts';
import { PolicyFile } from '#contract/policy.ts';
import { GatewayId, UserId } from '#contract/id.ts';
import type { RolloutState } from '#contract/admin-rollout.ts';
import { readRollout } from '../../../gateway/admin/rollout-operation.ts';
import { rolloutOf, type RolloutFacts } from '../../../gateway/admin/rollout.ts';
import type { SinkStatus } from '#contract/admin-sink.ts';
import { rolloutText } from '../../../gateway/admin/rollout-text.ts';
import type { Workstation } from '../../../gateway/store/store.ts';
import { proves } from '../../requirement.ts';
import { callRecord, enrolled, postureOf, slug, workstationOf } from '../../suite/sample.ts';
import { openData } from '../data.ts';

const now = 1_800_000_000_000;
const rule = { name: 'no-secrets', method: 'secrets', action: 'redact' };
const policyOf = (change: object = {}, gateway: object = {}) =>
  PolicyFile.parse({
    version: 1,
    users: { ada: { email: 'ada@example.org', teams: ['pilot'] } },
    teams: { pilot: { gateways: ['eng'] } },
    servers: { memory: { kind: 'workstation' } },
    gateways: { eng: { assignments: { memory: { tools: ['read_graph'] } }, rules: [rule], ...gateway } },
    ...change,
  });
const device = workstationOf('ada');
const told = (posture: PostureSummary, of: Workstation = device, at = now - 1000): RolloutFacts['postures'] =>
  new Map([[of.id, { workstation: of.id, posture, at }]]);
const sinkOf = (change: Partial<SinkStatus> = {}): SinkStatus => ({
  sink: slug('siem'),
  kind: 'splunk',
  state: 'sending',
  missing: [],
  owed: 0,
  lagMs: 0,
  limit: 1000,
  onFull: 'refuse',
  sent: 12,
  rejected: 0,
  skipped: 0,
  parked: 0,
  deliveredAt: now - 2000,
  failingSince: null,
  lastError: null,
  lastErrorAt: null,
  ...change,
});
const whole: RolloutFacts = {
  policy: policyOf(),
  workstations: [device],
  postures: told(postureOf('compliant')),
  calls: [{ user: slug('ada'), gateway: 'eng', at: now - 5000 }],
  sinks: [sinkOf()],
  engines: [],
  isAllMeant: false,
  now,
};
const stepOf = (number: number, change: Partial<RolloutFacts>) => {
  const found = rolloutOf({ ...whole, ...change }).steps[number - 1];
  if (!found) throw new Error('there are four steps');
  return found;
};
const wordsOf = (number: number, change: Partial<RolloutFacts>) => JSON.stringify(stepOf(number, change));

test('with everything in place all four steps are done', () => {
  const { state, steps } = rolloutOf(whole);
  expect(steps.map((one) => [one.step, one.state])).toEqual([1, 2, 3, 4].map((number) => [number, 'done']));
  expect(state).toBe('done');
});

describe('step 1', () => {
  const cases: readonly (readonly [string, Partial<RolloutFacts>])[] = [
    ['no team grants a gateway', { policy: policyOf({ teams: { pilot: {} } }) }],
    ['the gateway exposes nothing', { policy: policyOf({}, { assignments: { memory: { tools: [] } } }) }],
    ['nobody is in the team', { policy: policyOf({ users: {} }) }],
    ['nobody called', { calls: [] }],
    ['somebody called through another gateway', { calls: [{ user: slug('ada'), gateway: 'other', at: now }] }],
  ];
  test.each(cases)('is not yet done where %s, and says what to do', (_, change) => {
    proves('rollout.pilot', {
      file: 'gateway/admin/rollout.ts',
      find: 'const through = calls.filter(({ gateway }) => exposing.some((slug) => slug === gateway));',
      replace: 'const through = calls;',
    });
    const step = stepOf(1, change);
    expect(step.state).toBe('not-yet');
    expect(step.checks.every(({ state, todo }) => state === 'done' || todo !== null)).toBe(true);
  });
});

test('where users of an older policy have one address, step 1 is not done, and says who they are', () => {
  const users = Object.fromEntries(
    Object.entries({ ada: 'ada@example.org', bob: 'Ada@example.org', eve: 'eve@example.org' }).map(([name, email]) => [
      name,
      { email, teams: ['pilot'] },
    ]),
  );
  const { state, checks } = stepOf(1, { policy: policyOf({ users }) });
  expect(state).toBe('not-yet');
  expect(checks.filter((one) => one.state !== 'done')).toMatchObject([
    { what: '1 e-mail address is that of more than one user: nobody can sign in with it.', about: ['ada, bob'] },
  ]);
});

describe('step 2', () => {
  const high = [{ code: 'direct_remote', severity: 'high' as const, count: 2 }];
  const cases: readonly (readonly [string, RolloutState, Partial<RolloutFacts>, string])[] = [
    ['no device is enrolled', 'not-yet', { workstations: [] }, 'No device'],
    ['the only device is revoked', 'not-yet', { workstations: [{ ...device, revokedAt: 1 }] }, 'No device'],
    ['somebody has none', 'not-yet', { workstations: [workstationOf('ben')] }, '"ada"'],
    ['one has a server past the gateway', 'not-yet', { postures: told(postureOf('noncompliant', high)) }, 'direct_remote x 2'],
    ['one only observes', 'not-yet', { postures: told(postureOf('compliant', [], { mode: 'observe' })) }, 'it only observes'],
    [
      'one has configs that drifted',
      'not-yet',
      { postures: told(postureOf('noncompliant', [], { drifted: 3 })) },
      '3 configs drifted',
    ],
    ['one never told', 'unseen', { postures: new Map() }, 'older'],
    ['one is silent', 'unseen', { postures: told(postureOf('compliant'), device, now - 901_000) }, 'silent since'],
    [
      'one was away over a weekend',
      'unseen',
      { postures: told(postureOf('compliant'), device, now - 3 * 86_400_000) },
      '1 device is',
    ],
    [
      'one was not seen for days',
      'unseen',
      { postures: told(postureOf('compliant'), device, now - 9 * 86_400_000) },
      'not seen for 7 days',
    ],
    ['one was stopped', 'unseen', { postures: told(postureOf('stopped')) }, 'stopped at'],
    ['one says what we do not know', 'unseen', { postures: told(postureOf('unknown')) }, 'own state'],
  ];
  test.each(cases)('where %s is %s', (_, state, change, words) => {
    proves('rollout.devices', {
      file: 'contract/device.ts',
      find: 'if (silentMs > 0)',
      replace: 'if (now < at)',
    });
    expect(stepOf(2, change).state).toBe(state);
    expect(wordsOf(2, change)).toContain(words);
  });

  test('is done where something that IT needs does not work and only the gateway is reached all the same', () => {
    const findings = [{ code: 'tunnel_down', severity: 'medium' as const, count: 1 }];
    expect(stepOf(2, { postures: told(postureOf('degraded', findings)) }).state).toBe('done');
  });
});

describe('step 3', () => {
  const all = policyOf({}, { assignments: { memory: { tools: 'all' } } });
  const any = policyOf({}, { assignments: { memory: { tools: [{ if: { name: '*' } }] } } });
  const stars = policyOf({}, { assignments: { memory: { tools: ['get', { if: { name: '**' } }] } } });
  const some = policyOf({}, { assignments: { memory: { tools: [{ if: { name: '*', readOnlyHint: true } }] } } });
  const cases: readonly (readonly [string, RolloutState, Partial<RolloutFacts>, string])[] = [
    ['what every tool fits is exposed', 'not-yet', { policy: any }, 'eng/memory: all tools'],
    ['what every tool fits is exposed beside a name', 'not-yet', { policy: stars }, 'eng/memory: all tools'],
    ['what reads only is exposed', 'done', { policy: some }, 'named one by one, or by a condition'],
    ['all tools are exposed', 'not-yet', { policy: all }, 'eng/memory: all tools'],
    ['that is meant', 'done', { policy: all, isAllMeant: true }, 'eng/memory: all tools'],
    ['there are no rules', 'not-yet', { policy: policyOf({}, { rules: [] }) }, 'No rules at: eng'],
    ['rules only alert', 'not-yet', { policy: policyOf({}, { rules: [{ ...rule, action: 'alert' }] }) }, 'only alert'],
    ['nothing is granted', 'not-yet', { policy: policyOf({ teams: {}, users: {} }) }, 'step 1'],
    [
      'an engine has no secret',
      'not-yet',
      { engines: [{ engine: slug('judge'), secretHeader: 'X-Key', missing: 'was never set', setAt: null, setBy: null }] },
      'The engine judge is not asked',
    ],
  ];
  test.each(cases)('where %s is %s', (_, state, change, words) => {
    proves('rollout.provisioned', {
      file: 'gateway/admin/rollout.ts',
      find: "return exposed === 'all';",
      replace: "return exposed === 'nothing';",
    });
    expect(stepOf(3, change).state).toBe(state);
    expect(wordsOf(3, change)).toContain(words);
  });
});

describe('step 4', () => {
  const cases: readonly (readonly [string, RolloutState, readonly SinkStatus[], string])[] = [
    ['there is no sink', 'not-yet', [], 'no sink'],
    ['its token is missing', 'not-yet', [sinkOf({ missing: ['token'] })], 'sink secret siem'],
    ['it fails', 'not-yet', [sinkOf({ failingSince: now - 1, lastError: '503' })], '503'],
    ['nothing was delivered', 'not-yet', [sinkOf({ deliveredAt: null })], 'sink test siem'],
    ['it is far behind', 'not-yet', [sinkOf({ owed: 5, lagMs: 3_600_000 })], '1 h 0 min'],
    ['its receiver refuses records', 'not-yet', [sinkOf({ parked: 2 })], '2 records'],
    ['it is a file', 'unseen', [sinkOf({ kind: 'file' })], 'no receiver'],
    ['it is syslog, which confirms nothing', 'unseen', [sinkOf({ kind: 'syslog' })], 'confirms nothing'],
    ['a receiver lost some long ago', 'done', [sinkOf({ skipped: 2 })], 'never got 2 records'],
  ];
  test.each(cases)('where %s is %s', (_, state, sinks, words) => {
    proves('rollout.exported', {
      file: 'gateway/admin/rollout.ts',
      find: 'if (deliveredAt === null)',
      replace: 'if (deliveredAt === 0)',
    });
    expect(stepOf(4, { sinks }).state).toBe(state);
    expect(wordsOf(4, { sinks })).toContain(words);
  });

  test('is not done by one sink where another fails', () => {
    expect(stepOf(4, { sinks: [sinkOf(), sinkOf({ sink: slug('other'), failingSince: now - 1 })] }).state).toBe('not-yet');
  });
});

test('text names at most so many, can not steer a terminal, and says the verdict last', () => {
  const workstations = Array.from({ length: 12 }, () => ({ ...workstationOf('ada'), hostname: 'pc\u001b[2J' }));
  const text = rolloutText(rolloutOf({ ...whole, workstations, postures: new Map() }), 10);
  expect(text).not.toContain('\u001b');
  expect(text).toContain('and 2 more: --verbose');
  expect(text.split('\n').at(-1)).toBe('Nothing is left to do that can be seen from here.');
});

test('it is read from what the store keeps: the policy, devices and their posture, calls that were answered', async () => {
  proves('rollout.read', {
    file: 'gateway/admin/rollout-operation.ts',
    find: "gateway !== null && decision === 'allowed'",
    replace: 'gateway !== null',
  });
  const data = await openData(policyOf());
  try {
    const { store } = data;
    const { ids } = await store.policy();
    const states = async () => (await readRollout(store, { isAllMeant: false, now })).steps.map(({ state }) => state);
    const record = (seq: number, decision: 'allowed' | 'refused') => {
      const body = JSON.stringify(
        callRecord(UserId.parse(ids.users['ada']), {
          at: now,
          decision,
          gateway: { id: GatewayId.parse(ids.gateways['eng']), name: 'eng' },
        }),
      );
      const seal = { chain: 'main', after: seq - 1, seq, hash: `h${seq}`, mac: 'm' };
      return store.appendRecords([{ chain: 'main', seq, at: now, body, hash: `h${seq}` }], seal);
    };
    expect(await states()).toEqual(['not-yet', 'not-yet', 'done', 'not-yet']);
    const { id } = await enrolled(store, 'ada');
    await store.tellPostures([{ workstation: id, posture: postureOf('compliant'), at: now }]);
    await record(1, 'refused');
    expect(await states()).toEqual(['not-yet', 'done', 'done', 'not-yet']);
    await record(2, 'allowed');
    expect(await states()).toEqual(['done', 'done', 'done', 'not-yet']);
  } finally {
    await data.close();
  }
});
