// What is told and what is not: the difference between two states of an agent.
import { describe, expect, test } from 'vitest';
import { newsBetween, refusedNews, refusedSince } from '../../main/news.ts';
import { nowMs, stateWith } from '../bridge/state-fixture.ts';

const host = {
  id: 'claude-desktop',
  title: 'Claude Desktop',
  isInstalled: true,
  reload: 'host_restart',
  undone: false,
  mayUndo: false,
  files: [],
};
const call = (id: number, decision: string, tool: string) => ({
  id: `01977d3a-7000-7000-8000-${String(id).padStart(12, '0')}`,
  at: nowMs + id,
  method: 'tools/call',
  server: 'files',
  tool,
  decision,
  ...(decision === 'refused' ? { code: 'TOOL_NOT_PROVISIONED', message: 'It is not provisioned.' } : {}),
  durationMs: 1,
});
const titles = (before: object, after: object, now = nowMs) =>
  newsBetween(stateWith(before), stateWith(after), now).map(({ title }) => title);

describe('news', () => {
  test('are none when the first state comes, whatever it is', () => {
    expect(newsBetween(undefined, stateWith({ hosts: [{ ...host, needsRestart: { since: 1 } }] }), nowMs)).toEqual([]);
    expect(refusedSince(undefined, stateWith({ calls: [call(1, 'refused', 'a')] }))).toEqual([]);
  });

  test('are a host that must be restarted, once', () => {
    const waiting = { hosts: [{ ...host, needsRestart: { since: 1 } }] };
    expect(titles({ hosts: [host] }, waiting)).toEqual(['Restart Claude Desktop']);
    expect(titles(waiting, waiting)).toEqual([]);
    expect(titles(waiting, { hosts: [host] })).toEqual([]);
  });

  test('are a revocation, but not a refusal that is asked again', () => {
    const refused = (retryAtMs: number | null) => ({
      tunnel: { kind: 'refused', since: 1, code: 'WORKSTATION_REVOKED', message: 'x', retryAtMs },
    });
    expect(titles({}, refused(null))).toEqual(['This device was revoked']);
    expect(titles(refused(null), refused(null))).toEqual([]);
    expect(titles({}, refused(5))).toEqual([]);
  });

  test('are a pause that ended by itself, not one that was ended by hand', () => {
    const paused = { paused: { since: nowMs, until: nowMs + 60_000, by: 'user' } };
    expect(titles(paused, {}, nowMs + 60_000)).toEqual(['The pause is over']);
    expect(titles(paused, {}, nowMs + 5_000)).toEqual([]);
  });

  test('are refused calls, together', () => {
    const after = stateWith({ calls: [call(3, 'refused', 'write'), call(2, 'allowed', 'read'), call(1, 'refused', 'write')] });
    const refused = refusedSince(stateWith({ calls: [call(1, 'refused', 'write')] }), after);
    expect(refusedNews(refused)).toMatchObject({
      title: 'A call was refused',
      body: 'files: write: It is not provisioned.',
      section: 'calls',
    });
    const all = refusedSince(stateWith(), after);
    expect(refusedNews(all)).toMatchObject({ title: '2 calls were refused', body: 'files: write' });
    expect(refusedNews([])).toBeUndefined();
  });
});
