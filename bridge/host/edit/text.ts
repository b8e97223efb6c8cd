// Changes of a text by spans, and what stands around a span. Changes never overlap.
import type { Span } from './edit.ts';
import { EditRefused } from './edit.ts';

export interface Change extends Span {
  readonly text: string;
}

/** Applies the changes, which may come in any order. Insertions at the same place keep their order. */
export function applyChanges(text: string, changes: readonly Change[]): string {
  const ordered = [...changes].sort((a, b) => a.start - b.start || a.end - b.end);
  let out = '';
  let at = 0;
  for (const change of ordered) {
    if (change.start < at) throw new EditRefused('two changes overlap');
    out += text.slice(at, change.start) + change.text;
    at = change.end;
  }
  return out + text.slice(at);
}

export function isBlank(char: string | undefined): boolean {
  return char === ' ' || char === '\t';
}

export function isBreak(char: string | undefined): boolean {
  return char === '\n' || char === '\r';
}

/** Where the blanks before `at` begin. */
export function blanksBefore(text: string, at: number): number {
  let start = at;
  while (isBlank(text[start - 1])) start--;
  return start;
}

/** Where the blanks after `at` end. */
export function blanksAfter(text: string, at: number): number {
  let end = at;
  while (isBlank(text[end])) end++;
  return end;
}

/** Start of the line break that ends before `at`; `at` itself where none does. */
export function breakBefore(text: string, at: number): number {
  if (text[at - 1] === '\n') return text[at - 2] === '\r' ? at - 2 : at - 1;
  return text[at - 1] === '\r' ? at - 1 : at;
}

/** The line break that the text uses, by its first one. */
export function lineBreakOf(text: string): string {
  const at = text.indexOf('\n');
  return at > 0 && text[at - 1] === '\r' ? '\r\n' : '\n';
}

/** Offset of the first character: a byte order mark is not part of the document. */
export function textStart(text: string): number {
  return text.charCodeAt(0) === 0xfeff ? 1 : 0;
}

/** Line and column of an offset, both from 1, as editors count. */
export function positionOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(textStart(text), offset).split(/\r\n|\n|\r/);
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** True where `path` begins with `start`. */
export function beginsWith(path: readonly string[], start: readonly string[]): boolean {
  return path.length >= start.length && start.every((key, index) => path[index] === key);
}
