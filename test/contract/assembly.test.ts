// Chunks -> messages: within the limit of one and the budget of all, at the reader's pace.
import { describe, expect, test } from 'vitest';
import { Assembly, type Budget } from '#contract/assembly.ts';
import type { Fault } from '#contract/error.ts';
import { chunkBytes } from '#contract/frame.ts';
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
