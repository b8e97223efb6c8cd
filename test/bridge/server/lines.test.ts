// Output cut into lines, however it arrives, and in constant memory where a line never ends.
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Remnant } from '#contract/remnant.ts';
import { readLines } from '../../../bridge/server/lines.ts';

async function read(chunks: Iterable<Buffer>, limitBytes: number): Promise<{ lines: string[]; oversize: Remnant[] }> {
  const lines: string[] = [];
  const oversize: Remnant[] = [];
  await readLines(Readable.from(chunks), limitBytes, {
    line: (line) => void lines.push(line.toString('latin1')),
    oversize: (remnant) => void (remnant.tail !== undefined && oversize.push(remnant)),
    oversizeEnd: (remnant) => void oversize.push(remnant),
  });
  return { lines, oversize };
}

function cut(text: Buffer, at: readonly number[]): Buffer[] {
  const places = [0, ...at.map((place) => place % (text.length + 1)).toSorted((a, b) => a - b), text.length];
  return places
    .slice(1)
    .map((end, index) => text.subarray(places[index], end))
    .filter((piece) => piece.length > 0);
}

describe('lines', () => {
  test('are the same however the bytes are cut into chunks', async () => {
    const line = fc.string({ maxLength: 30 }).map((text) => text.replaceAll(/[\r\n]/g, ''));
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat(500)), fc.integer({ min: 1, max: 40 }), async (all, at, limit) => {
        const bytes = all.map((text) => Buffer.from(text));
        const text = Buffer.from(all.map((one) => `${one}\n`).join(''));
        const fitting = bytes.filter((one) => one.length <= limit && one.length > 0).map((one) => one.toString('latin1'));
        const tooLong = bytes.filter((one) => one.length > limit).map((one) => one.toString('latin1'));
        const { lines, oversize } = await read(cut(text, at), limit);
        expect(lines).toEqual(fitting);
        // Each of them is shorter than a remnant: its last bytes are all of it.
        expect(oversize.map(({ tail }) => tail)).toEqual(tooLong);
        expect(oversize.filter(({ head }, index) => !tooLong[index]?.startsWith(head))).toEqual([]);
      }),
    );
  });

  test('are whole where large and small pieces of them come in turn', async () => {
    const text = Array.from({ length: 300_000 }, (_, index) => String.fromCharCode(97 + (index % 26))).join('');
    const chunks: Buffer[] = [];
    for (let at = 0, turn = 0; at < text.length; turn++) {
      const size = [1, 4096, 3, 3, 9000, 70, 64 * 1024][turn % 7] ?? 1;
      chunks.push(Buffer.from(text.slice(at, at + size)));
      at += size;
    }
    const ended = [...chunks, Buffer.from('\n')];
    expect((await read([...ended, ...ended], 400_000)).lines).toEqual([text, text]);
  });

  test('wait for the one before where it takes its time', async () => {
    const seen: string[] = [];
    const chunks = ['a\nb\nc', 'd\ne\n', 'f\ng\n'].map((text) => Buffer.from(text));
    await readLines(Readable.from(chunks), 10, {
      line: async (line) => {
        seen.push(`+${line}`);
        await new Promise((resolve) => setImmediate(resolve));
        seen.push(`-${line}`);
      },
      oversize: () => undefined,
    });
    expect(seen.join('')).toBe('+a-a+b-b+cd-cd+e-e+f-f+g-g');
  });

  test('end with \\n or \\r\\n, and what follows the last end is no line', async () => {
    expect((await read([Buffer.from('{"a":1}\r\n{"b":2}\n\n{"c"')], 100)).lines).toEqual(['{"a":1}', '{"b":2}']);
  });

  test('keep their own bytes after later ones were read', async () => {
    const kept: Buffer[] = [];
    const chunks = ['one-', 'line\ntwo-', 'line\nthree-', 'line\n'].map((text) => Buffer.from(text));
    await readLines(Readable.from(chunks), 100, { line: (line) => void kept.push(line), oversize: () => undefined });
    expect(kept.map(String)).toEqual(['one-line', 'two-line', 'three-line']);
  });

  test('of any length over the limit cost no more memory than the limit', async () => {
    const piece = Buffer.alloc(1024 * 1024, 'x');
    function* gigabyte(): Generator<Buffer> {
      for (let sent = 0; sent < 1024; sent++) yield piece;
      yield Buffer.from('\n{"after":1}\n');
    }
    const before = process.memoryUsage().arrayBuffers;
    expect(await read(gigabyte(), 8 * 1024 * 1024)).toMatchObject({
      lines: ['{"after":1}'],
      oversize: [{ tail: expect.any(String) }],
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });
});
