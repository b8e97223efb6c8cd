// The words of records that lie taken apart (../apart.ts): those of a shared text are found once for all records that name it.
// The rule: they are the words of the whole text; where that is not sure, they are looked for in the whole text. (That no member is said twice is its writer's promise.)
import type { Parts } from '../run.ts';
import { idWord, membersIn, wordLimit, wordsOfMembers } from './word.ts';

/** A shared text as members of an object, with the values left out. */
export interface Said {
  /** A space between two. */
  readonly words: string;
  readonly count: number;
  /** Of each place for a value: whether it is an id between quotes. */
  readonly isId: readonly boolean[];
}

/** A value without words. */
export const bare = /^(?:0|[1-9]\d{0,15}|true|false|null)$/;

/** Words of records one after the other, a space between two; undefined where only the whole text says them. */
export function createApartWords(): (parts: Parts) => string | undefined {
  /** By the text's role. */
  const known = [0, 1, 2, 3].map(() => new Map<readonly string[], Said | undefined>());

  function saidBy(pieces: readonly string[], isFirst: boolean, isLast: boolean): Said | undefined {
    const role = roleOf(isFirst, isLast);
    const of = known[role];
    if (of?.has(pieces)) return of.get(pieces);
    const made = readSaid(pieces, role);
    of?.set(pieces, made);
    return made;
  }

  return ({ shared, values }) => {
    let words = '';
    let count = 0;
    let next = 0;
    for (const [i, pieces] of shared.entries()) {
      const said = saidBy(pieces, i === 0, i === shared.length - 1);
      if (said === undefined) return undefined;
      words += words === '' || said.words === '' ? said.words : ` ${said.words}`;
      count += said.count;
      for (const isId of said.isId) {
        const value = values[next++];
        if (value === undefined) return undefined;
        if (!isId && bare.test(value)) continue;
        const own = isId ? idWord(value) : undefined;
        if (own === undefined) return undefined;
        words += ` ${own}`;
        count++;
      }
    }
    return next === values.length && count <= wordLimit ? words.trimStart() : undefined;
  };
}

/** Whether a text is the first, the last, both or neither of its record, as a number below 4. */
export function roleOf(isFirst: boolean, isLast: boolean): number {
  return (isFirst ? 1 : 0) + (isLast ? 2 : 0);
}

export function readSaid(pieces: readonly string[], role: number): Said | undefined {
  const [isFirst, isLast] = [role % 2 === 1, role >= 2];
  const isText = pieces.slice(0, -1).map((piece) => piece.endsWith('"'));
  const isId = pieces.slice(0, -1).map((piece) => piece.endsWith('"id":"'));
  if (isText.some((is, i) => is !== isId[i])) return undefined;
  let text = pieces.map((piece, i) => (i === 0 ? piece : `${isText[i - 1] ? '' : '0'}${piece}`)).join('');
  if (isFirst !== text.startsWith('{') || isLast === text.endsWith(',')) return undefined;
  if (isFirst) text = text.slice(1);
  if (isLast && !text.endsWith('}')) return undefined;
  const object = text.slice(0, -1);
  const members = object === '' ? undefined : membersIn(`{${object}}`);
  const words = members && wordsOfMembers(members);
  return words && { words: words.join(' '), count: words.length, isId };
}
