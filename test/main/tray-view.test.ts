// What the tray shows of each state, as the pure function that it is: the menu's items, what is never offered, and the words of long sentences.
import { expect, test } from 'vitest';
import type { CompanionState } from '#contract/ipc.ts';
import { trayView } from '../../main/tray-view.ts';
import { nowMs, stateWith } from '../bridge/state-fixture.ts';
import { proves } from '../requirement.ts';

const running = (news: object = {}): CompanionState => ({ kind: 'running', state: stateWith(news) });
const profile = (news: object) => ({ ...stateWith().profile, ...news });
const allows = { pause: 'never', pauseMaxMinutes: 60, quit: false, undo: false };
const actions = (state: CompanionState) =>
  trayView(state, nowMs).items.flatMap((item) => (item.kind === 'action' ? [item.action] : []));

test.each([
  ['connected', {}, 'connected'],
  ['connecting', { tunnel: { kind: 'connecting', since: nowMs } }, 'connecting'],
  [
    'connecting again after a failure',
    { tunnel: { kind: 'connecting', since: nowMs }, findings: [{ code: 'tunnel_down' }] },
    'offline',
  ],
  ['offline', { tunnel: { kind: 'offline', since: nowMs, reason: 'no route', retryAtMs: nowMs } }, 'offline'],
  ['not enrolled', { tunnel: { kind: 'off', since: nowMs, reason: 'not_enrolled' } }, 'unenrolled'],
  ['without a gateway', { tunnel: { kind: 'off', since: nowMs, reason: 'gateway_unset' } }, 'misconfigured'],
  [
    'paused',
    { tunnel: { kind: 'off', since: nowMs, reason: 'paused' }, paused: { since: nowMs, until: nowMs + 1, by: 'user' } },
    'paused',
  ],
  ['not compliant', { findings: [{ code: 'direct_stdio', host: 'codex' }] }, 'noncompliant'],
  ['with less than that', { findings: [{ code: 'unpinned' }] }, 'connected'],
  [
    'with a broken profile',
    { findings: [{ code: 'direct_stdio' }, { code: 'profile_invalid', setting: 'LogLevel' }] },
    'misconfigured',
  ],
  ['refused', { tunnel: { kind: 'refused', since: nowMs, code: 'BUSY', message: 'later', retryAtMs: nowMs } }, 'refused'],
  [
    'revoked',
    { tunnel: { kind: 'refused', since: nowMs, code: 'WORKSTATION_REVOKED', message: 'over', retryAtMs: null } },
    'revoked',
  ],
])('an agent that is %s', (_what, news, icon) => {
  expect(trayView(running(news), nowMs).icon).toBe(icon);
});

test.each(['starting', 'restarting', 'not_running', 'unsafe', 'refused'] as const)('no agent, because: %s', (reason) => {
  const view = trayView({ kind: 'absent', reason, detail: 'why' }, nowMs);
  expect(view.icon).toBe(reason === 'starting' ? 'starting' : 'absent');
  expect(view.items.flatMap((item) => (item.kind === 'action' ? [item.action] : []))).toEqual(['open', 'diagnostics']);
});

test('pause, quit and help stand there only where the profile has them', () => {
  expect(actions(running())).toEqual(['open', 'diagnostics']);
  expect(actions(running({ profile: profile({ allows: { ...allows, pause: 'always', quit: true } }) }))).toEqual([
    'open',
    'pause',
    'diagnostics',
    'quit',
  ]);
  expect(actions(running({ profile: profile({ supportUrl: 'http://help.example.org' }) }))).not.toContain('help');
  expect(actions(running({ profile: profile({ supportUrl: 'https://help.example.org' }) }))).toContain('help');
  const paused = { since: nowMs, until: nowMs + 60_000, by: 'user' };
  expect(actions(running({ paused }))).toEqual(['open', 'resume', 'diagnostics']);
});

test('hosts that must be restarted are named, and the icon is hidden where IT says so', () => {
  const host = {
    id: 'claude-desktop',
    title: 'Claude Desktop',
    isInstalled: true,
    reload: 'host_restart',
    undone: false,
    mayUndo: false,
    files: [],
  };
  const state = running({
    hosts: [
      { ...host, needsRestart: { since: nowMs } },
      { ...host, id: 'codex', title: 'Codex' },
    ],
  });
  expect(trayView(state, nowMs).items).toContainEqual({
    kind: 'action',
    action: 'open_hosts',
    label: 'Restart Claude Desktop …',
  });
  expect(trayView(running({ profile: profile({ values: { TrayVisibility: 'hide' } }) }), nowMs).isShown).toBe(false);
});

test('what IT set last of the icon holds while the agent is away', () => {
  proves('companion.icon-stays-hidden', {
    file: 'main/tray-view.ts',
    find: "!== 'hide' : wasShown",
    replace: "!== 'hide' : true",
  });
  const away: CompanionState = { kind: 'absent', reason: 'restarting', detail: 'it ended' };
  expect(trayView(away, nowMs, false).isShown).toBe(false);
  expect(trayView(away, nowMs, true).isShown).toBe(true);
  expect(trayView(running({}), nowMs, false).isShown).toBe(true);
});

test('a long sentence is cut into lines of a menu’s width, and no word of it is lost but at the end', () => {
  const long = Array.from({ length: 60 }, (_, index) => `word${index}`).join(' ');
  const { items } = trayView(
    running({ tunnel: { kind: 'refused', since: nowMs, code: 'BUSY', message: long, retryAtMs: nowMs } }),
    nowMs,
  );
  const lines = items.flatMap((item) => (item.kind === 'words' ? [item.label] : []));
  expect(lines.length).toBeLessThanOrEqual(4);
  expect(lines.join(' ')).toContain('word15');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(74);
});
