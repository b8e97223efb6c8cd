// Chunks -> messages: within the limit of one and the budget of all, at the reader's pace.
import { describe, expect, test } from 'vitest';
import { Assembly, type Budget } from '#contract/assembly.ts';
import type { Fault } from '#contract/error.ts';
import { chunkBytes, frameType } from '#contract/frame.ts';
import { frame, readFrames } from '#contract/frame-codec.ts';
import { proves } from '../requirement.ts';

const full = Buffer.alloc(chunkBytes, 1);

function collect(limitBytes: number, budget: Budget, onMessage?: (body: Buffer) => void | Promise<void>) {
  const messages: Buffer[] = [];
  const faults: Fault[] = [];
  const remnants: unknown[] = [];
  const granted: number[] = [];
  const assembly = new Assembly(
    { grant: (length) => void granted.push(length) },
    {
      limitBytes,
      budget,
      onMessage: onMessage ?? ((body) => void messages.push(body)),
      onAborted: (fault, remnant) => {
        faults.push(fault);
        remnants.push(remnant);
      },
    },
  );
  return { assembly, messages, faults, remnants, granted };
}

describe('assembly', () => {
  test('a message over the limit is reported at once and, with its last bytes, when it was read away, and the next one arrives', () => {
    proves('tunnel.message-limit', {
      file: 'contract/assembly.ts',
      find: 'if (this.#size + chunk.length > limitBytes) return',
      replace: 'if (chunk.length > limitBytes) return',
    });
    const budget = { leftBytes: 10_000_000 };
    const { assembly, messages, faults, remnants, granted } = collect(2 * chunkBytes, budget);
    for (let i = 0; i < 5; i++) assembly.add(full, false);
    expect(remnants).toEqual([{ head: '\u0001'.repeat(1024) }]);
    assembly.add(Buffer.from('end'), true);
    assembly.add(Buffer.from('next'), true);
    expect(faults.map((fault) => fault.code)).toEqual(['MESSAGE_TOO_LARGE', 'MESSAGE_TOO_LARGE']);
    expect(remnants[1]).toEqual({ head: '\u0001'.repeat(1024), tail: 'end'.padStart(1024, '\u0001') });
    expect(messages.map(String)).toEqual(['next']);
    expect(granted).toHaveLength(7);
    expect(budget.leftBytes).toBe(10_000_000);
  });

  test('all messages being put together share a budget, and it is given back', () => {
    const budget = { leftBytes: 3 * chunkBytes };
    const one = collect(8 * chunkBytes, budget);
    const two = collect(8 * chunkBytes, budget);
    one.assembly.add(full, false);
    one.assembly.add(full, false);
    two.assembly.add(full, false);
    two.assembly.add(full, false);
    expect(two.faults.map((fault) => fault.code)).toEqual(['BUSY']);
    one.assembly.add(full, true);
    expect(one.messages.map((body) => body.length)).toEqual([3 * chunkBytes]);
    two.assembly.drop();
    expect(budget.leftBytes).toBe(3 * chunkBytes);
  });

  test('a message of one chunk is handed on without a copy', () => {
    const { assembly, messages } = collect(chunkBytes, { leftBytes: 0 });
    assembly.add(full, true);
    expect(messages[0]).toBe(full);
  });

  test('a message whose chunks follow each other in a packet is put together where it lies, and what follows it there stays', () => {
    proves('tunnel.message-whole', {
      file: 'contract/assembly.ts',
      find: 'chunk.copy(both, before.length)',
      replace: 'chunk.copy(both)',
    });
    const { assembly, messages } = collect(4 * chunkBytes, { leftBytes: 4 * chunkBytes });
    const other = collect(4 * chunkBytes, { leftBytes: 4 * chunkBytes });
    const packet = Buffer.concat([
      frame(frameType.data, 2, full),
      frame(frameType.data, 2, Buffer.alloc(chunkBytes, 2)),
      frame(frameType.dataEnd, 2, Buffer.from('end')),
      frame(frameType.data, 4, Buffer.alloc(chunkBytes, 3)),
      frame(frameType.dataEnd, 2, Buffer.from('next')),
      frame(frameType.dataEnd, 4, Buffer.from('other')),
    ]);
    readFrames(packet, {
      frame: (type, channel, body) => (channel === 2 ? assembly : other.assembly).add(body, type === frameType.dataEnd),
    });
    expect(messages[0]?.equals(Buffer.concat([full, Buffer.alloc(chunkBytes, 2), Buffer.from('end')]))).toBe(true);
    expect(messages[0]?.buffer).toBe(packet.buffer);
    expect(String(messages[1])).toBe('next');
    expect(other.messages[0]?.equals(Buffer.concat([Buffer.alloc(chunkBytes, 3), Buffer.from('other')]))).toBe(true);
  });

  test('while the reader is busy no credit goes back', async () => {
    const busy = Promise.withResolvers<void>();
    const { assembly, granted } = collect(chunkBytes, { leftBytes: 0 }, () => busy.promise);
    assembly.add(Buffer.from('a'), true);
    assembly.add(Buffer.from('b'), true);
    expect(granted).toEqual([]);
    busy.resolve();
    await busy.promise;
    await Promise.resolve();
    expect(granted).toEqual([1, 1]);
  });

  test('a message that is given up leaves nothing behind', () => {
    const budget = { leftBytes: chunkBytes };
    const { assembly, messages, faults } = collect(8 * chunkBytes, budget);
    assembly.add(full, false);
    assembly.aborted(Object.assign(new Error() as Fault));
    assembly.add(Buffer.from('x'), true);
    expect([messages.map(String), faults.length, budget.leftBytes]).toEqual([['x'], 1, chunkBytes]);
  });
});
