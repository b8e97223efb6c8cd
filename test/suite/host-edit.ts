// What every config format promises of an edit, run against each format (test/bridge/host/edit/*.test.ts) on files that no tidy program would write.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EditFormat, NewEntry } from '../../bridge/host/edit/edit.ts';
import { proves } from '../requirement.ts';

/** A config as a person might have left it: its text in parts, each of one entry or of none. */
export interface Sample {
  readonly parts: readonly { readonly text: string; readonly entry?: string }[];
  readonly entries: Readonly<Record<string, unknown>>;
}

export interface FormatUnderTest {
  readonly format: EditFormat;
  readonly keys: readonly string[];
  readonly samples: fc.Arbitrary<Sample>;
  /** What a text means, by a parser that the format's editor does not use for this, or the host's own. */
  meaning(text: string): unknown;
  /** Whether an edited text, with the old pieces put back, is the old text to the byte. */
  readonly isPutBackExact: boolean;
  /** A text may stand there without quotes. */
  readonly hasBareTexts?: boolean;
}

export const newEntry: NewEntry = {
  set: [
    ['command', '/opt/draw bridge/"drawbridge"'],
    ['args', ['connect', '--host', 'some-host', 'https://mcp.example.org/g/eng/s/some/mcp']],
  ],
  drop: ['env', 'url', 'cwd', 'headers', 'http_headers'],
};

export const textOf = (sample: Sample): string => sample.parts.map((part) => part.text).join('');

/** The text around the entry: before it, between its parts, after it. */
function around(sample: Sample, entry: string): readonly string[] {
  const groups = [''];
  for (const part of sample.parts)
    if (part.entry === entry) groups.push('');
    else groups[groups.length - 1] += part.text;
  return groups;
}

/** True where the text is these groups, in order and untouched, with anything between them. */
function holds(text: string, groups: readonly string[]): boolean {
  let at = groups[0]?.length ?? 0;
  if (!text.startsWith(groups[0] ?? '')) return false;
  for (const group of groups.slice(1, -1)) {
    const found = text.indexOf(group, at);
    if (found === -1) return false;
    at = found + group.length;
  }
  const last = groups.at(-1) ?? '';
  return text.endsWith(last) && text.length - last.length >= at;
}

const bare = (text: string): string => text.replace(/[,\s]/g, '');

export function describeFormat(
  name: string,
  { format, keys, samples, meaning, isPutBackExact, hasBareTexts = false }: FormatUnderTest,
): void {
  /** Runs the check for every entry of many samples. */
  const forEveryEntry = (check: (text: string, path: readonly string[], sample: Sample, entry: string) => void): void =>
    fc.assert(
      fc.property(samples, (sample) => {
        for (const entry of Object.keys(sample.entries)) check(textOf(sample), [...keys, entry], sample, entry);
      }),
      { numRuns: 100 },
    );
  const read = (text: string): Extract<ReturnType<EditFormat['read']>, { ok: true }> => {
    const reading = format.read(text, [keys]);
    if (!reading.ok) throw new Error(`${reading.reason} at ${reading.line}:${reading.column}\n${text}`);
    return reading;
  };
  const piecesOf = (text: string, entry: string) => read(text).entries.find((one) => one.name === entry)?.pieces ?? [];
  const others = (text: string, entry: string): unknown => {
    const { entries } = read(text);
    return entries.filter((one) => one.name !== entry).map((one) => [one.name, one.value]);
  };

  describe(`a config in ${name}`, () => {
    test('is read as the entries that stand in it, each scalar at its place', () => {
      fc.assert(
        fc.property(samples, (sample) => {
          const text = textOf(sample);
          const { entries } = read(text);
          expect(Object.fromEntries(entries.map((entry) => [entry.name, entry.value]))).toEqual(sample.entries);
          for (const { leaves } of entries)
            for (const leaf of leaves)
              if (typeof leaf.value === 'string' && !hasBareTexts)
                expect(text.slice(leaf.span.start, leaf.span.end)).toMatch(/^["']/);
        }),
        { numRuns: 100 },
      );
    });

    test('keeps every byte outside an entry that is replaced', () => {
      proves('host-config.minimal-edit', {
        file: 'bridge/host/edit/text.ts',
        find: 'out += text.slice(at, change.start) + change.text;',
        replace: "out += text.slice(at, change.start).replace('#', '').replace('//', '') + change.text;",
      });
      forEveryEntry((text, path, sample, entry) => {
        const after = format.edit(text, [{ path, entry: newEntry }]);
        expect(holds(after, around(sample, entry)), `${text}\n=====\n${after}`).toBe(true);
      });
    });

    test('means the same after an entry was replaced, but for that entry', () => {
      forEveryEntry((text, path, _sample, entry) => {
        const after = format.edit(text, [{ path, entry: newEntry }]);
        const value = read(after).entries.find((one) => one.name === entry)?.value;
        expect(value).toMatchObject(Object.fromEntries(newEntry.set));
        for (const field of newEntry.drop) expect(value).not.toHaveProperty(field);
        expect(others(after, entry)).toEqual(others(text, entry));
        expect(() => meaning(after)).not.toThrow();
      });
    });

    test('is the same text when an entry is replaced a second time', () => {
      forEveryEntry((text, path) => {
        const once = format.edit(text, [{ path, entry: newEntry }]);
        expect(format.edit(once, [{ path, entry: newEntry }])).toBe(once);
      });
    });

    test('means what it meant when the old entry is put back', () => {
      forEveryEntry((text, path, sample, entry) => {
        const back = format.putEntry(format.edit(text, [{ path, entry: newEntry }]), path, piecesOf(text, entry));
        expect(meaning(back)).toEqual(meaning(text));
        if (isPutBackExact) expect(back).toBe(text);
        else expect(holds(back, around(sample, entry).slice(0, 1).concat(around(sample, entry).slice(-1)))).toBe(true);
      });
    });

    test('loses nothing but the entry that is removed, and commas', () => {
      proves('host-config.remove-entry', {
        file: 'bridge/host/edit/list.ts',
        find: 'if (!goes(member)) continue;',
        replace: 'if (!goes(member) && member !== members.at(-1)) continue;',
      });
      forEveryEntry((text, path, sample, entry) => {
        const after = format.edit(text, [{ path }]);
        expect(read(after).entries.map((one) => one.name)).not.toContain(entry);
        expect(others(after, entry)).toEqual(others(text, entry));
        expect(holds(bare(after), around(sample, entry).map(bare)), `${text}\n=====\n${after}`).toBe(true);
        expect(() => meaning(after)).not.toThrow();
      });
    });

    test('is the same whether entries are changed at once or one after the other', () => {
      fc.assert(
        fc.property(samples, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), (sample, goes) => {
          const text = textOf(sample);
          const edits = Object.keys(sample.entries).map((entry, index) => {
            const path = [...keys, entry];
            return goes[index] === true ? { path } : { path, entry: newEntry };
          });
          const oneByOne = edits.reduce((result, edit) => format.edit(result, [edit]), text);
          expect(format.read(format.edit(text, edits), [keys])).toMatchObject({ root: read(oneByOne).root });
          expect(bare(format.edit(text, edits))).toBe(bare(oneByOne));
        }),
        { numRuns: 100 },
      );
    });

    test('means what it meant when a removed entry is put back', () => {
      forEveryEntry((text, path, _sample, entry) => {
        const back = format.putEntry(format.edit(text, [{ path }]), path, piecesOf(text, entry));
        expect(meaning(back)).toEqual(meaning(text));
      });
    });

    test('that is empty has no entries', () => {
      expect(format.read('', [keys])).toEqual({ ok: true, root: {}, entries: [] });
      expect(format.read('\ufeff\r\n', [keys])).toEqual({ ok: true, root: {}, entries: [] });
    });
  });
}
