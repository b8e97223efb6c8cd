// What deserves an alert, and what ends one.
import { describe, expect, test } from 'vitest';
import { ServerId, Slug, WorkstationId, newId } from '#contract/id.ts';
import { alertsOf } from '../../../gateway/alert/raise.ts';
import { proves } from '../../requirement.ts';
import { callRecord, recordOf, userId } from '../../suite/sample.ts';

const server = { id: ServerId.parse(newId()), name: 'files' };
const lost = (at = 0) => callRecord(userId(), { server, decision: 'failed', code: 'SERVER_EXITED', at });
const answered = (at: number) => callRecord(userId(), { server, at });
const event = (name: string, detail: Record<string, string | number> = {}) => ({ ...recordOf(5, detail), event: name }) as never;
const keysOf = (...records: Parameters<typeof alertsOf>[0]) => {
  const { raised, settled } = alertsOf(records);
  return { raised: raised.map(({ key, count }) => [key, count]), settled: settled.map(({ key }) => key) };
};

describe('an alert', () => {
  test('is raised where a server is down, once however often, and is over where it answers', () => {
    proves('alert.server-down', {
      file: 'gateway/alert/raise.ts',
      find: 'if (code !== null && down.has(code))',
      replace: 'if (code === null)',
    });
    expect(keysOf(lost(), lost(), lost())).toEqual({ raised: [['server:files', 3]], settled: [] });
    expect(keysOf(lost(), answered(60_000))).toEqual({ raised: [], settled: ['server:files'] });
    expect(keysOf(answered(60_000), lost(60_001))).toEqual({ raised: [['server:files', 1]], settled: [] });
    const refused = callRecord(userId(), { server, decision: 'refused', code: 'TOOL_NOT_PROVISIONED' });
    expect(keysOf(refused)).toEqual({ raised: [], settled: [] });
  });

  test('of a process on a workstation is that of its device, which what others answer does not end', () => {
    proves('alert.server-of-device', {
      file: 'gateway/alert/raise.ts',
      find: "workstation === null ? '' : `@${workstation}`",
      replace: "workstation === null ? '' : ''",
    });
    const [first, second] = [WorkstationId.parse(newId()), WorkstationId.parse(newId())];
    const on = (workstation: WorkstationId, record: ReturnType<typeof lost>) => ({ ...record, workstation });
    expect(keysOf(on(first, lost(0)), on(second, answered(120_000)))).toEqual({
      raised: [[`server:files@${first}`, 1]],
      settled: [`server:files@${second}`],
    });
    expect(keysOf(on(first, lost(0)), on(first, answered(120_000)))).toEqual({ raised: [], settled: [`server:files@${first}`] });
    expect(alertsOf([on(first, lost(0))]).raised[0]?.words).toContain('on a workstation, last for ');
  });

  test('of a server that comes and goes is one: only what it answers a minute after its last failure ends it', () => {
    proves('alert.flapping', {
      file: 'gateway/alert/raise.ts',
      find: 'upTo: at - settledAfterMs',
      replace: 'upTo: at',
    });
    const { raised, settled } = alertsOf([lost(0), answered(1), lost(2), answered(3)]);
    expect(raised).toMatchObject([{ key: 'server:files', count: 2, at: 2 }]);
    expect(settled).toEqual([{ key: 'server:files', upTo: 3 - 60_000 }]);
  });

  test('is raised where a rule that asks for it is hit, and for no other hit', () => {
    const hit = (rule: string, alert: boolean) => ({
      rule: Slug.parse(rule),
      action: 'alert' as const,
      on: 'request' as const,
      pointer: '/a',
      alert,
    });
    const gateway = { id: newId(), name: 'eng' } as never;
    const call = callRecord(userId(), { gateway, hits: [hit('cards', true), hit('cards', true), hit('quiet', false)] });
    expect(keysOf(call).raised).toEqual([['rule:eng/cards', 1]]);
  });

  test.each([
    [
      event('sink_failing', { sink: 'siem', reason: 'nothing listens there' }),
      'sink:siem',
      event('sink_recovered', { sink: 'siem' }),
    ],
    [
      event('sink_lagging', { sink: 'siem', owed: 51, limit: 100 }),
      'sink:siem:lagging',
      event('sink_caught_up', { sink: 'siem' }),
    ],
    [event('sink_skipped', { sink: 'siem', records: 5 }), 'sink:siem:skipped', undefined],
    [
      event('definition_waits', { gateway: 'eng', server: 'files', kind: 'tools', item: 'read', reason: 'changed' }),
      'pin:eng/files',
      undefined,
    ],
    [event('retention_stopped', { chain: 'main' }), 'audit:main', event('records_expired', { chain: 'main' })],
    [event('workstation_paused'), 'device:null:paused', event('workstation_resumed')],
    [event('host_undone', { host: 'codex' }), 'device:null:codex', event('host_taken_back', { host: 'codex' })],
  ])('is raised and ended by events', (raises, key, ends) => {
    expect(keysOf(raises)).toEqual({ raised: [[key, 1]], settled: [] });
    if (ends !== undefined) expect(keysOf(raises, ends)).toEqual({ raised: [], settled: [key] });
  });

  test('of records that a sink was not sent counts one as one', () => {
    const wordsOf = (records: number) => alertsOf([event('sink_skipped', { sink: 'siem', records })]).raised[0]?.words;
    expect([wordsOf(1), wordsOf(2)]).toEqual([
      'The sink "siem" was not sent 1 record.',
      'The sink "siem" was not sent 2 records.',
    ]);
  });

  test('of a definition that waits says how it came, and which one to look at', () => {
    const of = { gateway: 'eng', server: 'files', kind: 'tools', item: 'sum', hash: 'ab'.repeat(32) };
    const wordsOf = (detail: Record<string, string>) =>
      alertsOf([event('definition_waits', { ...of, ...detail })]).raised[0]?.words;
    expect(wordsOf({ reason: 'changed' })).toBe(
      'What the server "files" says of its tools waits at the gateway "eng" (changed): drawbridge-gateway pin diff abababababab.',
    );
    expect(wordsOf({ reason: 'renamed', gone: 'add, old' })).toBe(
      'What the server "files" says of its tools waits at the gateway "eng" (renamed: it came in a list from which add, old went, and approving it has those wait again): drawbridge-gateway pin diff abababababab.',
    );
  });
});
