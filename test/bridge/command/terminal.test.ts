// What commands write to a terminal, whatever the things are called that they speak of.
import { writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { explain, printable } from '../../../bridge/command/terminal.ts';

describe('what is written to a terminal', () => {
  test('holds no character that draws, hides or reorders, and keeps its lines', () => {
    expect(printable('a\u001b[2Jb\u0007\u009b31m\u202etxt\r\n\tc\rd\n')).toBe(
      'a\\u001b[2Jb\\u0007\\u009b31m\\u202etxt\r\n\tc\\u000dd\n',
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const left = printable(text).replaceAll('\r\n', '\n');
        expect(/(?![\n\t])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u.test(left)).toBe(false);
      }),
    );
  });

  test('is the same JSON where it is JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(JSON.parse(printable(text)))).toBe(text);
      }),
    );
  });

  test('leaves names of other scripts as they are', () => {
    const names = 'Größe 文件 كتاب עברית 👩‍💻';
    expect(printable(names)).toBe(names);
  });
});

test('what the system refuses comes with what to do, and what is ours as it is', async () => {
  const full = await writeFile('/dev/full', 'x').catch((error: unknown) => error);
  expect(explain(full)).toBe('ENOSPC: no space left on device, write. Make room on the disk, and run it again.');
  expect(explain(new Error('the profile names no gateway'))).toBe('the profile names no gateway');
});
