// When news are told: refused calls together, the same ones not again for a while, and never many in a row, whatever they are called.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { News } from '../../main/news.ts';
import { createNotifier } from '../../main/notifier.ts';
import { stateWith } from '../bridge/state-fixture.ts';
import { proves } from '../requirement.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

let id = 0;
const refused = (tool: string) => ({
  id: `01977d3a-7000-7000-8000-${String(++id).padStart(12, '0')}`,
  at: Date.now(),
  method: 'tools/call',
  server: 'files',
  tool,
  decision: 'refused',
  code: 'TOOL_NOT_PROVISIONED',
  durationMs: 1,
});
const told: News[] = [];
const begin = () => {
  told.length = 0;
  const notifier = createNotifier({ show: (news) => void told.push(news), close: () => undefined });
  let calls: object[] = [];
  notifier.follow(stateWith({ calls }));
  return {
    notifier,
    call(...tools: string[]) {
      calls = [...tools.map(refused), ...calls].slice(0, 50);
      notifier.follow(stateWith({ calls }));
    },
  };
};
const titles = () => told.map(({ title }) => title);

test('refused calls are told together, and the same ones not again for ten minutes', () => {
  proves('companion.refused-told-once', {
    file: 'main/notifier.ts',
    find: 'if (now - (toldAt.get(news.key) ?? -quietMs) < quietMs) return false;',
    replace: '',
  });
  const { call } = begin();
  call('write');
  call('write');
  vi.advanceTimersByTime(2_000);
  expect(titles()).toEqual(['2 calls were refused']);
  call('write');
  vi.advanceTimersByTime(5 * 60_000);
  expect(titles()).toHaveLength(1);
  vi.advanceTimersByTime(5 * 60_000);
  call('write');
  vi.advanceTimersByTime(2_000);
  expect(titles()).toEqual(['2 calls were refused', 'A call was refused']);
});

test('a host that makes up a new name for each call fills no screen', () => {
  proves('companion.refused-told-seldom', {
    file: 'main/notifier.ts',
    find: 'Math.max(gatherMs, refusedToldAt + refusedEveryMs - performance.now())',
    replace: 'gatherMs',
  });
  const { call } = begin();
  for (let second = 0; second < 120; second++) {
    call(`tool-${second}`);
    vi.advanceTimersByTime(1_000);
  }
  expect(titles().length).toBeLessThanOrEqual(3);
  vi.advanceTimersByTime(60_000);
  expect(titles().length).toBeLessThanOrEqual(3);
  expect(told.at(-1)?.title).toMatch(/^\d+ calls were refused$/);
});

test('after it was closed nothing is told any more', () => {
  const { call, notifier } = begin();
  call('write');
  notifier.close();
  vi.advanceTimersByTime(5_000);
  expect(told).toEqual([]);
});
