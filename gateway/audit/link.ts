// The hash of a record and the one before it (chain.ts), of a text that is taken apart without making a string of it: pieces that are in UTF-8 already are copied, and
// the values written between them. The rule: it is the hash of the whole text.
import { hash } from 'node:crypto';
import { type Apart, piecesOf, wholeText } from '../store/apart.ts';

export type Link = (previousHash: string, body: string | Apart) => string;

export function link(previousHash: string, body: string | Apart): string {
  return hash('sha256', previousHash + (typeof body === 'string' ? body : whole(body)));
}

const tab = 9;
const roomBytes = 4096;
/** Shorter pieces are copied faster byte by byte. */
const shortBytes = 32;

/** As `link`, with room of its own to write in. */
export function createLink(): Link {
  const room = Buffer.alloc(roomBytes);
  const own = Buffer.alloc(roomBytes);
  /** Of each length: making one costs a tenth of all this. */
  const begins: Uint8Array[] = [];

  function copy(piece: Uint8Array, at: number): number {
    if (piece.length > shortBytes) room.set(piece, at);
    else for (let i = 0; i < piece.length; i++) room[at + i] = piece[i] ?? 0;
    return at + piece.length;
  }

  return (previousHash, body) => {
    if (typeof body === 'string' || !fits(previousHash, body)) return link(previousHash, body);
    let at = room.write(previousHash, 0);
    const end = own.write(body.values, 0);
    let next = 0;
    for (const { pieces } of body.shared)
      for (let i = 0; i < pieces.length; i++) {
        if (i > 0) {
          if (next >= end) return link(previousHash, body);
          for (; next < end && own[next] !== tab; next++) room[at++] = own[next] ?? 0;
          next++;
        }
        const piece = pieces[i];
        if (piece !== undefined) at = copy(piece, at);
      }
    return next < end ? link(previousHash, body) : hash('sha256', (begins[at] ??= room.subarray(0, at)));
  };
}

function whole({ shared, values }: Apart): string {
  const text = wholeText(
    shared.map(({ text: one }) => piecesOf(one)),
    values,
  );
  if (text === undefined) throw new Error('a record has values without a place');
  return text;
}

function fits(previousHash: string, { shared, values }: Apart): boolean {
  let size = (previousHash.length + values.length) * 3;
  for (const { sizeBytes } of shared) size += sizeBytes;
  return size <= roomBytes;
}
