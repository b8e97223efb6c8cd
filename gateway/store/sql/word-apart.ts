// The words of records that lie taken apart (../apart.ts): those of a shared text are found once for all records that name it.
// The rule: they are the words of the whole text; where that is not sure, they are looked for in the whole text. (That no member is said twice is its writer's promise.)
import type { Parts } from '../run.ts';
import { wordLimit, wordsOf } from './word.ts';

/** A shared text as members of an object, with the values left out. */
interface Members {
  readonly words: string;
  readonly count: number;
  /** Of each place for a value: whether it is an id between quotes. */
  readonly isId: readonly boolean[];
}

const wholeId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** A value without words. */
const bare = /^(?:0|[1-9]\d{0,15}|true|false|null)$/;

/** Words of records one after the other, a space between two; undefined where only the whole text says them. */
export function createApartWords(): (parts: Parts) => string | undefined {
  /** By whether the text is the first, the last, both or neither of its record. */
  const known = [0, 1, 2, 3].map(() => new Map<readonly string[], Members | undefined>());

  function membersOf(pieces: readonly string[], isFirst: boolean, isLast: boolean): Members | undefined {
    const of = known[(isFirst ? 1 : 0) + (isLast ? 2 : 0)];
    if (of?.has(pieces)) return of.get(pieces);
    const made = readMembers(pieces, isFirst, isLast);
    of?.set(pieces, made);
    return made;
  }

  return ({ shared, values }) => {
    let words = '';
    let count = 0;
    let next = 0;
    for (const [i, pieces] of shared.entries()) {
      const members = membersOf(pieces, i === 0, i === shared.length - 1);
      if (members === undefined) return undefined;
      words += words === '' || members.words === '' ? members.words : ` ${members.words}`;
      count += members.count;
      for (const isId of members.isId) {
        const value = values[next++];
        if (value === undefined || !(isId ? wholeId : bare).test(value)) return undefined;
        if (!isId) continue;
        words += ` ¤${value.replaceAll('-', '')}`;
        count++;
      }
    }
    return next === values.length && count <= wordLimit ? words.trimStart() : undefined;
  };
}

function readMembers(pieces: readonly string[], isFirst: boolean, isLast: boolean): Members | undefined {
  const isText = pieces.slice(0, -1).map((piece) => piece.endsWith('"'));
  const isId = pieces.slice(0, -1).map((piece) => piece.endsWith('"id":"'));
  if (isText.some((is, i) => is !== isId[i])) return undefined;
  let text = pieces.map((piece, i) => (i === 0 ? piece : `${isText[i - 1] ? '' : '0'}${piece}`)).join('');
  if (isFirst !== text.startsWith('{') || isLast === text.endsWith(',')) return undefined;
  if (isFirst) text = text.slice(1);
  if (isLast && !text.endsWith('}')) return undefined;
  const object = `{${text.slice(0, -1)}}`;
  if (object === '{}' || !isObject(object)) return undefined;
  const words = wordsOf(object);
  return { words: words.join(' '), count: words.length, isId };
}

function isObject(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
