// The user's pause by the clock and by the profile, over restarts, with files that are damaged.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { AgentPause } from '#contract/agent.ts';
import { mergeValues, parseValues } from '#contract/profile-values.ts';
import type { Profile } from '#contract/profile.ts';
import { reportLimit } from '#contract/report.ts';
import { type Boot, openPause } from '../../bridge/pause.ts';
import type { Pause } from '../../bridge/pause.ts';
import { openReports } from '../../bridge/reports.ts';
import type { Reports } from '../../bridge/reports.ts';
import { proves } from '../requirement.ts';

const logger = pino({ level: 'silent' });
const minute = 60_000;
let stateDir = '';
let now = 0;
let profile: Profile;
let boot: Boot | undefined;
let upMs = 0;
let told: (AgentPause | undefined)[] = [];
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'drawbridge-pause-'));
  now = 1e12;
  boot = undefined;
  upMs = 5 * minute;
  profile = profileWith({ AllowUserPause: 'always', PauseMaxMinutes: 60 });
  told = [];
});
afterEach(async () => rm(stateDir, { recursive: true, force: true }));

function profileWith(raw: Record<string, unknown>): Profile {
  return mergeValues([{ source: 'file', values: parseValues(raw, {}).values }]).profile;
}
async function open(): Promise<{ pause: Pause; reports: Reports }> {
  const reports = await openReports({ stateDir, now: () => now, onChange: () => undefined, logger });
  const onChange = (pause: AgentPause | undefined): void => void told.push(pause);
  const pause = await openPause({ stateDir, profile: () => profile, reports, onChange, now: () => now, boot, logger });
  onTestFinished(() => pause.close());
  return { pause, reports };
}

test('it ends by itself, also where its time passed while no agent ran or the machine slept', async () => {
  proves('agent.pause-ends', {
    file: 'bridge/pause.ts',
    find: "if (now() >= until || now() < since - minuteMs || performance.now() >= overAt) return endNow('time');",
    replace: '',
  });
  const first = await open();
  await first.pause.begin(10, undefined);
  now += 10 * minute - 1;
  await first.pause.check();
  expect(first.pause.current).toMatchObject({ since: 1e12, until: 1e12 + 10 * minute });
  first.pause.close();
  now += 1;
  const { pause, reports } = await open();
  await pause.check();
  expect(pause.current).toBeUndefined();
  expect(reports.pending.map(({ event }) => event)).toEqual(['workstation_paused', 'workstation_resumed']);
  expect(reports.pending[1]).toMatchObject({ by: 'time' });
  await expect(readFile(join(stateDir, 'pause.json'))).rejects.toThrow();
});

test('a clock that is set back makes it no longer', async () => {
  const { pause } = await open();
  await pause.begin(10, undefined);
  now -= 60 * minute;
  await pause.check();
  expect(pause.current).toBeUndefined();
});

test('a clock that is set back to a moment of the pause, again and again, makes it no longer', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { pause } = await open();
  await pause.begin(10, undefined);
  for (let times = 0; times < 9; times++) {
    vi.advanceTimersByTime(minute);
    await pause.check();
    expect(pause.current).toBeDefined();
  }
  vi.advanceTimersByTime(minute);
  await pause.check();
  expect(pause.current).toBeUndefined();
});

test('a clock that is set back while no agent runs makes it no longer in the same boot', async () => {
  boot = { id: 'one', uptimeMs: () => upMs };
  const { pause } = await open();
  await pause.begin(10, undefined);
  pause.close();
  upMs += 9 * minute;
  now += 30_000;
  const next = (await open()).pause;
  await next.check();
  expect(next.current).toMatchObject({ until: 1e12 + 10 * minute });
  next.close();
  upMs += minute;
  const last = (await open()).pause;
  await last.check();
  expect(last.current).toBeUndefined();
});

test('after another boot, and where the file tells none, its time counts by the clock', async () => {
  boot = { id: 'one', uptimeMs: () => upMs };
  const { pause } = await open();
  await pause.begin(10, undefined);
  pause.close();
  boot = { id: 'two', uptimeMs: () => 1e9 };
  const next = (await open()).pause;
  await next.check();
  expect(next.current).toBeDefined();
  now += 10 * minute;
  await next.check();
  expect(next.current).toBeUndefined();
});

test('a profile that allows less shortens it, and one that allows none ends it', async () => {
  const { pause, reports } = await open();
  await pause.begin(60, 'x');
  profile = profileWith({ AllowUserPause: 'always', PauseMaxMinutes: 5 });
  await pause.check();
  expect(pause.current).toMatchObject({ until: 1e12 + 5 * minute, reason: 'x' });
  profile = profileWith({ AllowUserPause: 'not a word that it knows' });
  await pause.check();
  expect(pause.current).toBeUndefined();
  expect(reports.pending.at(-1)).toMatchObject({ event: 'workstation_resumed', by: 'profile' });
  expect(told.map((one) => one?.until)).toEqual([1e12 + 60 * minute, 1e12 + 5 * minute, undefined]);
});

test('in doubt there is none: a damaged file pauses nothing', async () => {
  for (const text of ['', '{', '{"version":1,"since":0}', '{"version":2,"since":1,"until":1e15}']) {
    await writeFile(join(stateDir, 'pause.json'), text);
    const { pause } = await open();
    expect(pause.current, text).toBeUndefined();
  }
});

test('where its report can not be kept there is no pause, and the gateway hears of none later either', async () => {
  const { pause, reports } = await open();
  await mkdir(join(stateDir, 'report.json/x'), { recursive: true });
  await expect(pause.begin(10, undefined)).rejects.toMatchObject({ code: 'FILE_UNUSABLE' });
  expect([pause.current, reports.pending]).toEqual([undefined, []]);
  await rm(join(stateDir, 'report.json'), { recursive: true });
  await pause.begin(10, undefined);
  expect(reports.pending).toHaveLength(1);
});

test('where too many reports wait for the gateway, there is no pause that it would not hear of', async () => {
  const { pause, reports } = await open();
  for (let count = 0; count < reportLimit; count++) await reports.add({ event: 'host_undone', host: 'codex' });
  await expect(pause.begin(1, undefined)).rejects.toMatchObject({ code: 'BUSY' });
  expect(pause.current).toBeUndefined();
  // what the gateway noted makes room, over a restart too
  reports.noted(reports.pending.slice(0, 2).map(({ id }) => id));
  await reports.close();
  const again = await open();
  expect(again.reports.pending).toHaveLength(reportLimit - 2);
  await again.pause.begin(1, undefined);
});
