// Which records are read for alerts: too few would lose an alert, and nobody would see that.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AuditRecord } from '#contract/audit.ts';
import { ServerId, Slug, WorkstationId, newId } from '#contract/id.ts';
import { alertsOf } from '../../../gateway/alert/raise.ts';
import { neededOf } from '../../../gateway/alert/needed.ts';
import { eventRecord } from '../../../gateway/workstation/event.ts';
import { callRecord, recordOf, userId } from '../../suite/sample.ts';

const servers = ['files', 'mail'].map((name) => ({ id: ServerId.parse(newId()), name }));
const hits = [{ rule: Slug.parse('cards'), action: 'alert' as const, on: 'request' as const, pointer: '/a', alert: true }];
const workstations = [null, WorkstationId.parse(newId()), WorkstationId.parse(newId())];
const opened = (at: number, workstation: WorkstationId | null = null) =>
  eventRecord({ event: 'tunnel_opened', workstation, detail: { address: '127.0.0.1', product: '"event":"sink_failing"' } }, at);
const made: readonly ((
  server: (typeof servers)[number] | null,
  at: number,
  workstation?: WorkstationId | null,
) => AuditRecord)[] = [
  (server, at, workstation = null) => callRecord(userId(), { server, at, workstation }),
  (server, at, workstation = null) => callRecord(userId(), { server, at, workstation, hits }),
  (server, at, workstation = null) =>
    callRecord(userId(), { server, at, workstation, decision: 'failed', code: 'SERVER_EXITED' }),
  (server, at, workstation = null) =>
    callRecord(userId(), { server, at, workstation, decision: 'refused', code: 'TOOL_NOT_PROVISIONED' }),
  (server, at, workstation = null) =>
    callRecord(userId(), { server, at, workstation, host: '"decision":"allowed","code":null,', code: 'SERVER_EXITED' }),
  (_, at) => ({ ...recordOf(5, { sink: 'siem', reason: '"kind":"call",' }), at, event: 'sink_failing' }) as AuditRecord,
  (_, at, workstation = null) => opened(at, workstation),
];
const row = (record: AuditRecord) => ({ chain: 'main', seq: 1, at: record.at, body: JSON.stringify(record), hash: '' });

describe('what is read for alerts', () => {
  test('says of any records what all of them say', () => {
    const one = fc.record({
      how: fc.nat(made.length - 1),
      server: fc.constantFrom(...servers, null),
      workstation: fc.constantFrom(...workstations),
      afterMs: fc.nat(50_000),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 30 }), (drawn) => {
        let at = 0;
        const records = drawn.map(
          ({ how, server, workstation, afterMs }) => made[how]?.(server, (at += afterMs), workstation) as AuditRecord,
        );
        const read = neededOf(records.map(row)).map(({ body }) => JSON.parse(body) as AuditRecord);
        expect(alertsOf(read)).toEqual(alertsOf(records));
      }),
    );
  });

  test('is one record of a server whose calls all came to a good end', () => {
    const calls = Array.from({ length: 100 }, (_, at) => row(callRecord(userId(), { server: servers[at % 2] ?? null, at })));
    expect(neededOf(calls).map(({ at }) => at)).toEqual([98, 99]);
  });

  test('is no record of a tunnel that came or went', () => {
    expect(neededOf(Array.from({ length: 100 }, (_, at) => row(opened(at))))).toEqual([]);
  });
});
