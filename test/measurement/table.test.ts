// What people read at the end of a run.
import { expect, test } from 'vitest';
import { hugeBytes, keyOf, openLoop, smallBytes, type CellName } from '../bench/cell.ts';
import type { Measurement } from '../bench/load/window.ts';
import type { Row } from '../bench/row.ts';
import { renderCell, renderReadings, renderVerdicts } from '../bench/table.ts';

const round: Measurement = {
  callsPerSecond: 120,
  p50Ms: 1.5,
  p99Ms: 12.34,
  cpuMs: 0.0456,
  laterCpuMs: 0.0123,
  generatorCpuMs: 0.01,
  foreignShare: 0.02,
  calls: 100,
  errors: 0,
};
const row = (of: CellName, name: string, rounds: readonly Measurement[], failed: [string, string][] = []): Row => ({
  name,
  measures: ({ callers }) => name !== 'elsewhere' || callers === 1,
  measured: new Map(rounds.length === 0 ? [] : [[keyOf(of), [...rounds]]]),
  failed: new Map(failed),
  run: () => Promise.resolve(),
  close: () => Promise.resolve(),
});

test('a cell has a column under each head, MiB/s for large payloads, and the reason where a target refuses', () => {
  const huge: CellName = { callers: 16, payloadBytes: hugeBytes };
  const reason = 'refused: HTTP 413 too large';
  const text = renderCell(huge, [
    row(huge, 'floor', [round]),
    row(huge, 'gate', [], [[keyOf(huge), reason]]),
    row(huge, 'elsewhere', []),
  ]);
  const [title, heads = '', floor = '', gate = '', ...rest] = text.split('\n');
  expect(title).toBe('16 callers, 1048576 B');
  expect(heads.trim().split(/ {2,}/)).toHaveLength(floor.trim().split(/ {2,}/).length - 1);
  expect(heads).toMatch(/calls\/s +MiB\/s +p50 ms/);
  expect(floor).toMatch(/^ {2}floor +120 +120 +1\.50 +12\.3 +0\.046 +0\.012 +1\.00 +1\.00 +- +0\.010 +2 % +1\/1 +0$/);
  expect(gate).toContain(reason);
  expect(rest).toEqual([]);
});

test('an open loop shows what was missed and how late the generator itself was', () => {
  const floor = row(openLoop, 'floor', [{ ...round, missed: 2, lateMs: 0.2 }]);
  const product = row(openLoop, 'product', [{ ...round, p99Ms: 24.68, missed: 5, lateMs: 0.3 }]);
  const lines = renderCell(openLoop, [floor, product]).split('\n');
  expect(lines[0]).toContain('1000 calls/s');
  expect(lines[1]).toMatch(/p50 ms +p99 ms +x floor p99 +missed +gen late p99/);
  expect(lines[3]).toMatch(/^ {2}product +1\.50 +24\.7 +2\.00 +5 +0\.300/);
});

test('readings and verdicts say their unit and what stands behind them', () => {
  expect(renderReadings(new Map([['tunnelsMb', { value: 123.4, note: 'scaled from 1000' }]]))).toMatch(
    /123 MB +idle tunnels, PSS of the gateway server above an empty one \(scaled from 1000\)/,
  );
  expect(renderReadings(new Map())).toBe('');
  const verdict = {
    number: 1,
    kind: 'goal',
    outcome: 'miss',
    found: 1.83,
    text: 'it: CPU per call at most 1.60 x floor',
  } as const;
  expect(renderVerdicts([verdict])).toMatch(/MISS +1\.83 +goal 1 +it: CPU per call at most 1\.60 x floor/);
  expect(keyOf({ callers: 1, payloadBytes: smallBytes })).toBe('c1 200 B');
});
