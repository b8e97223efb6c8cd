// What the posture says follows from the agent's state alone.
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../contract/finding.ts';
import { findingCodes, findingOf } from '../../../contract/finding.ts';
import { PostureStatus } from '../../../contract/posture.ts';
import { allUnobservable, unobservableIds } from '../../../contract/unobservable.ts';
import { collect } from '../../../bridge/posture/collect.ts';
import type { PostureBefore } from '../../../bridge/posture/collect.ts';
import { track } from '../../../bridge/posture/finding.ts';
import { exitCodeOf, json, keyValues } from '../../../bridge/posture/format.ts';
import { proves } from '../../requirement.ts';
import { hostState, nowMs, stateWith } from '../state-fixture.ts';

const facts = {
  platform: 'linux',
  arch: 'x64',
  hostname: 'laptop',
  osVersion: '6.1',
  uid: 1000,
  userName: 'ada',
  bootId: undefined,
  heartbeatSeconds: 300,
};
const none: PostureBefore = { sequence: 0, findings: [], sha256: undefined };
const statusOf = (news: object = {}, before = none, isStopping = false): PostureStatus =>
  PostureStatus.parse(collect(stateWith(news), facts, before, nowMs, isStopping));

test('a device whose hosts name only the gateway is compliant until three heartbeats have passed', () => {
  proves('posture.expires', {
    file: 'bridge/posture/format.ts',
    find: 'return !(nowMs < Date.parse(expires_at)) ||',
    replace: 'return',
  });
  const status = statusOf({ hosts: [hostState([{ name: 'memory', kind: 'shim' }], 'compliant')] });
  expect(status).toMatchObject({
    status: 'compliant',
    compliant: true,
    sequence: 1,
    expires_at: '2026-11-22T12:15:00.000Z',
    gateway: { tunnel: 'up', auth: 'ok', reachable: true },
    profile: { forced: true, sources: { GatewayURL: 'file', EnforcementMode: 'file' } },
    hosts: [{ id: 'codex', configs: [{ path: '~/.codex/config.toml', gateway_entry: true, direct_stdio: 0 }] }],
    counts: { hosts: 1, configs: 1, drifted: 0, direct_servers: 0, findings_high: 0 },
  });
  const file = { kind: 'read', status, sha256: '' } as const;
  expect(exitCodeOf(file, nowMs)).toBe(0);
  expect(exitCodeOf(file, nowMs + 3 * 300_000 - 1)).toBe(0);
  expect(exitCodeOf(file, nowMs + 3 * 300_000)).toBe(2);
  // written under a clock that went wrong: when it expires can't be told
  expect(exitCodeOf(file, nowMs - 4 * 60_000)).toBe(0);
  expect(exitCodeOf(file, nowMs - 6 * 60_000)).toBe(2);
});

test('an open finding of high severity makes it noncompliant, a medium one degraded', () => {
  proves('posture.worst-first', {
    file: 'bridge/posture/collect.ts',
    find: "if (open.some((finding) => finding.severity === 'high')) return 'noncompliant';",
    replace: '',
  });
  const findings: Finding[] = [
    { code: 'unpinned', server: { name: 'a', kind: 'stdio' } },
    { code: 'tunnel_down' },
    { code: 'direct_stdio', host: 'codex', path: '~/.codex/config.toml', server: { name: 'a', kind: 'stdio' } },
    { code: 'direct_stdio', host: 'codex', path: '~/.codex/config.toml', server: { name: 'b', kind: 'stdio' } },
  ];
  const status = statusOf({ findings, hosts: [hostState([{ name: 'a', kind: 'stdio' }], 'drifted')] });
  expect(status).toMatchObject({
    status: 'noncompliant',
    compliant: false,
    reasons: ['direct_stdio', 'tunnel_down', 'unpinned'],
    counts: { drifted: 1, direct_servers: 1, findings_high: 2 },
  });
  expect(statusOf({ findings: findings.slice(0, 2) })).toMatchObject({ status: 'degraded', compliant: true });
  expect(statusOf({ findings: findings.slice(0, 1) })).toMatchObject({ status: 'compliant' });
});

describe('the exit code', () => {
  test.each([
    ['compliant', {}, false, 0],
    ['with a high finding', { findings: [{ code: 'not_enrolled' }] }, false, 1],
    ['before the first scan', { isComplete: false }, false, 2],
    ['of an agent that was stopped', {}, true, 2],
  ])('is as MDM tools expect: %s', (_, news, isStopping, code) => {
    proves('posture.exit-codes', {
      file: 'bridge/posture/format.ts',
      find: 'noncompliant: 1,',
      replace: 'noncompliant: 0,',
    });
    const status = statusOf(news, none, isStopping);
    expect(exitCodeOf({ kind: 'read', status, sha256: '' }, nowMs)).toBe(code);
    expect(keyValues({ kind: 'read', status, sha256: '' }, nowMs)).toContain(`compliant=${code === 0}\n`);
  });
  test('of a file that is absent is 2, of one that can not be read 3, and both formats say so', () => {
    expect(exitCodeOf({ kind: 'absent' }, nowMs)).toBe(2);
    expect(exitCodeOf({ kind: 'unreadable', reason: 'not JSON' }, nowMs)).toBe(3);
    expect(keyValues({ kind: 'unreadable', reason: 'not\nJSON' }, nowMs)).toBe('verdict=error\nerror=not JSON\n');
    expect(keyValues({ kind: 'absent' }, nowMs)).toBe('verdict=absent\n');
    expect(JSON.parse(json({ kind: 'absent' }))).toMatchObject({ status: 'unknown' });
  });
});

test.each([
  ['compliant', {}, false],
  ['noncompliant', { findings: [{ code: 'not_enrolled' }] }, false],
  ['unknown', { isComplete: false }, false],
  ['stopped', {}, true],
])('what can not be observed on a device is named whatever the verdict: %s', (verdict, news, isStopping) => {
  proves('posture.unobservable', {
    file: 'bridge/posture/collect.ts',
    find: 'unobservable: [...allUnobservable],',
    replace: '',
  });
  const status = statusOf(news, none, isStopping);
  expect(status.status).toBe(verdict);
  const ids = status.unobservable?.map(({ id }) => id);
  expect(ids).toEqual(unobservableIds);
  // what other programs look for by name
  expect(ids).toEqual(expect.arrayContaining(['files', 'clipboard', 'screen', 'own_http', 'cloud_connector']));
  expect(status.unobservable?.[0]).toEqual({
    id: 'files',
    says: "Files that an app reads, writes or uploads by itself: an app's own file access is no MCP call.",
  });
  expect(keyValues({ kind: 'read', status, sha256: '' }, nowMs)).toContain(`\nunobservable=${unobservableIds.join(',')}\n`);
});

test('each thing that can not be observed has an id without a comma, and a sentence', () => {
  for (const { id, says } of allUnobservable) {
    expect(id).toMatch(/^[a-z]+(?:_[a-z]+)*$/);
    expect(says).toMatch(/^[A-Z].{20,250}[^.]\.$/);
  }
});

test('details of findings, absolute paths and names of users do not get in', () => {
  proves('posture.no-secret', {
    file: 'bridge/posture/finding.ts',
    find: 'for (const { detail: _, ...finding } of now) {',
    replace: 'for (const finding of now) {',
  });
  const text = JSON.stringify(
    statusOf({
      findings: [{ code: 'server_unresolved', detail: 'hunter2 said: no', server: { name: 'a', kind: 'stdio', address: 'npx' } }],
      hosts: [hostState([{ name: 'a', kind: 'stdio' }], 'drifted')],
      servers: [
        {
          server: 'a',
          origin: 'host',
          hosts: ['codex'],
          status: 'unresolved',
          children: 0,
          code: 'SERVER_START_FAILED',
          detail: 'hunter2',
        },
      ],
    }),
  );
  expect(text).not.toContain('hunter2');
  expect(text).not.toContain('/home/ada');
  expect(text).not.toContain('"ada"');
  expect(text).toContain('"local_failures":1');
});

test('a finding keeps its id and the time it was first seen, is told as fixed for a day, and starts anew when it comes back', () => {
  proves('posture.finding-id', {
    file: 'bridge/posture/finding.ts',
    find: "const first = seen?.state === 'open' ? seen.first_seen : at;",
    replace: 'const first = at;',
  });
  const minute = 60_000;
  const down: Finding = { code: 'tunnel_down', detail: 'reset' };
  const [seen] = track([down], [], nowMs);
  const again = track([{ ...down, detail: 'refused' }], seen ? [seen] : [], nowMs + minute);
  expect(again).toMatchObject([
    { id: seen?.id, first_seen: seen?.first_seen, last_seen: '2026-11-22T12:01:00.000Z', state: 'open' },
  ]);
  const fixed = track([], again, nowMs + 2 * minute);
  expect(fixed).toMatchObject([{ id: seen?.id, state: 'fixed', last_seen: '2026-11-22T12:01:00.000Z' }]);
  const back = track([down], fixed, nowMs + 3 * minute);
  expect(back).toMatchObject([{ id: seen?.id, first_seen: '2026-11-22T12:03:00.000Z', state: 'open' }]);
  expect(track([], fixed, nowMs + 26 * 60 * minute)).toEqual([]);
});

test('every finding has words, and a code in snake case', () => {
  for (const code of findingCodes) {
    expect(code).toMatch(/^[a-z]+(?:_[a-z]+)*$/);
    const { meaning, action } = findingOf(code);
    expect(meaning.length > 10 && action.length > 5).toBe(true);
  }
});
