// The log of events: what it gives back, what it forgets first, and that it stays within its bytes.
import { describe, expect, test } from 'vitest';
import { EventLog } from '../../../gateway/mcp/event-log.ts';

const budget = (limitBytes = 10_000_000) => ({ bytes: 0, limitBytes });
const text = (events: readonly { body: Buffer }[] | undefined) => events?.map(({ body }) => body.toString());

describe('a log of events', () => {
  test('gives what came on one stream after an event, in order', () => {
    const log = new EventLog(budget());
    log.add(1, Buffer.from('a'), true);
    const seen = log.add(2, Buffer.from('b'), false);
    log.add(1, Buffer.from('c'), true);
    log.add(2, Buffer.from('d'), true);
    expect(text(log.after(2, seen))).toEqual(['d']);
    expect(text(log.after(1, 0))).toEqual(['a', 'c']);
    expect(text(log.after(3, 0))).toEqual([]);
  });

  test('forgets what may be lost before what is needed, and says where something needed is gone', () => {
    const log = new EventLog(budget());
    const first = log.add(1, Buffer.from('question'), true);
    for (let i = 0; i < 5000; i++) log.add(1, Buffer.from('progress'), false);
    expect(text(log.after(1, 0))?.[0]).toBe('question');
    expect(log.after(1, first)?.length).toBeLessThan(1001);
    for (let i = 0; i < 5000; i++) log.add(2, Buffer.from('answer'), true);
    expect([log.after(1, 0), log.after(1, first)?.length]).toEqual([undefined, 0]);
    log.add(1, Buffer.from('progress'), false);
    expect(log.after(2, 0)).toBeUndefined();
    expect(log.after(2, 9002)?.length).toBe(999);
  });

  test('holds bounded bytes, alone and with all others, and gives them back', () => {
    const all = budget(3_000_000);
    const logs = Array.from({ length: 10 }, () => new EventLog(all));
    for (const log of logs) for (let i = 0; i < 100; i++) log.add(1, Buffer.alloc(100_000), true);
    expect(all.bytes).toBeLessThanOrEqual(all.limitBytes);
    expect(all.bytes).toBeGreaterThan(2_000_000);
    for (const log of logs) log.forget(1);
    for (const log of logs) log.close();
    expect(all.bytes).toBe(0);
  });
});
