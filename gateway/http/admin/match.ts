// Which operation an address and a method mean. Pure.
import { adminPath } from '#contract/admin-operation.ts';
import { Fault } from '#contract/error.ts';
import type { DoneBy } from '../../admin/operation.ts';

export interface Matched {
  readonly done: DoneBy;
  readonly params: Readonly<Record<string, string>>;
}

/** Throws NOT_FOUND, METHOD_NOT_ALLOWED, INPUT_INVALID. `path`: with `/api/v1` before it, without a query. */
export function createMatch(all: readonly DoneBy[]): (method: string, path: string) => Matched {
  const known = all.map((done) => ({ done, parts: done.operation.path.split('/') }));
  // Where two fit, the one with fewer parameters is meant.
  const ordered = known.toSorted((a, b) => parameters(a.parts) - parameters(b.parts));
  return (method, path) => {
    const asked = path.slice(adminPath.length).split('/');
    const fitting = ordered.filter(({ parts }) => fits(parts, asked));
    if (fitting.length === 0) throw new Fault('NOT_FOUND');
    const found = fitting.find(({ done }) => done.operation.method === method);
    if (!found) throw new Fault('METHOD_NOT_ALLOWED', { allow: fitting.map(({ done }) => done.operation.method).join(', ') });
    const params = found.parts.flatMap((part, index) =>
      isParameter(part) ? [[part.slice(1, -1), decode(asked[index] ?? '')]] : [],
    );
    return { done: found.done, params: Object.fromEntries(params) };
  };
}

function fits(parts: readonly string[], asked: readonly string[]): boolean {
  return (
    parts.length === asked.length &&
    parts.every((part, index) => (isParameter(part) ? asked[index] !== '' : part === asked[index]))
  );
}

const isParameter = (part: string): boolean => part.startsWith('{');
const parameters = (parts: readonly string[]): number => parts.filter(isParameter).length;

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new Fault('INPUT_INVALID', { reason: 'a part of the address is not valid.' }, { cause });
  }
}
