// What deserves an alert, and what ends one.
import { describe, expect, test } from 'vitest';
import { ServerId, Slug, newId } from '#contract/id.ts';
import { alertsOf } from '../../../gateway/alert/raise.ts';
import { proves } from '../../requirement.ts';
import { callRecord, recordOf, userId } from '../../suite/sample.ts';

const server = { id: ServerId.parse(newId()), name: 'files' };
const lost = () => callRecord(userId(), { server, decision: 'failed', code: 'SERVER_EXITED' });
const event = (name: string, detail: Record<string, string | number> = {}) => ({ ...recordOf(5, detail), event: name }) as never;
const keysOf = (...records: Parameters<typeof alertsOf>[0]) => {
  const { raised, settled } = alertsOf(records);
  return { raised: raised.map(({ key, count }) => [key, count]), settled };
};

describe('an alert', () => {
  test('is raised where a server is down, once however often, and is over where it answers', () => {
    proves('alert.server-down', {
      file: 'gateway/alert/raise.ts',
      find: 'if (code !== null && down.has(code))',
      replace: 'if (code === null)',
    });
    expect(keysOf(lost(), lost(), lost())).toEqual({ raised: [['server:files', 3]], settled: [] });
    expect(keysOf(lost(), callRecord(userId(), { server }))).toEqual({ raised: [], settled: ['server:files'] });
    expect(keysOf(callRecord(userId(), { server }), lost())).toEqual({ raised: [['server:files', 1]], settled: [] });
    const refused = callRecord(userId(), { server, decision: 'refused', code: 'TOOL_NOT_PROVISIONED' });
    expect(keysOf(refused)).toEqual({ raised: [], settled: [] });
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
    [event('sink_skipped', { sink: 'siem', records: 5 }), 'sink:siem:skipped', undefined],
    [
      event('definition_waits', { gateway: 'eng', server: 'files', kind: 'tools', item: 'read', reason: 'changed' }),
      'pin:eng/files',
      undefined,
    ],
    [event('workstation_paused'), 'device:null:paused', event('workstation_resumed')],
    [event('host_undone', { host: 'codex' }), 'device:null:codex', event('host_taken_back', { host: 'codex' })],
  ])('is raised and ended by events', (raises, key, ends) => {
    expect(keysOf(raises)).toEqual({ raised: [[key, 1]], settled: [] });
    if (ends !== undefined) expect(keysOf(raises, ends)).toEqual({ raised: [], settled: [key] });
  });
});
