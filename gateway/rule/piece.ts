// A long text, looked through piece by piece: one search in the whole of it holds the thread as long as it takes, and nobody can look at the time meanwhile.
// The rule: what a search finds in the whole it finds in a piece too, where it is no longer than its reach; a text of usual length is one piece.
import type { Match, TimeBudget } from './match.ts';

/** UTF-16 units: about ten milliseconds for the slowest pattern. */
const pieceLength = 128 * 1024;
/** What stands before a match and says something of it: the character before it, words of its context. */
const beforeLength = 256;

/**
 * What `find` says of each piece, with its places in the whole. `reach`: the longest that a match, and what is looked at behind it, can be. `isFirst`: the piece
 * begins where the text does. Throws TimeSpent.
 */
export function findInPieces(
  text: string,
  reach: number,
  time: TimeBudget,
  find: (piece: string, isFirst: boolean) => readonly Match[],
): readonly Match[] {
  if (text.length <= 2 * pieceLength) return find(text, true);
  const found: Match[] = [];
  /** As far as what was found in the pieces before reaches. */
  let covered = 0;
  for (let from = 0; from < text.length; from += pieceLength) {
    time.check();
    const begin = boundary(text, Math.max(from - beforeLength, 0));
    const piece = text.slice(begin, boundary(text, from + pieceLength + reach));
    const before = covered;
    for (const { start, end, type } of find(piece, from === 0)) {
      const [at, to] = [start + begin, end + begin];
      // Each is found in the piece where it begins, and nothing twice.
      if (at < from || at >= from + pieceLength || to <= before) continue;
      found.push({ start: Math.max(at, before), end: to, type });
      covered = Math.max(covered, to);
    }
  }
  return found;
}

/** No piece begins or ends within a character. */
function boundary(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff && at > 0 ? at - 1 : at;
}
