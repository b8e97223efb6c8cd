// The hash of a record and the one before it (chain.ts), of a text that is taken apart without making a string of it: pieces that are in UTF-8 already are copied, and
// the values written between them (store/value.ts). The rule: it is the hash of the whole text.
import { hash } from 'node:crypto';
import { type Apart, piecesOf, valuesText, wholeText } from '../store/apart.ts';
import { mostBytes, writeValue } from '../store/value.ts';

export type Link = (previousHash: string, body: string | Apart) => string;

export function link(previousHash: string, body: string | Apart): string {
  return hash('sha256', previousHash + (typeof body === 'string' ? body : whole(body)));
}

const roomBytes = 4096;
/** Shorter pieces are copied faster byte by byte. */
const shortBytes = 32;

/** As `link`, with room of its own to write in. */
export function createLink(): Link {
  const room = Buffer.alloc(roomBytes);
  /** Of each length: making one costs a tenth of all this. */
  const begins: Uint8Array[] = [];

  return (previousHash, body) => {
    if (typeof body === 'string' || !fits(previousHash, body)) return link(previousHash, body);
    let at = room.write(previousHash, 0);
    const { shared, values } = body;
    let next = 0;
    for (let place = 0; place < shared.length; place++) {
      const pieces = shared[place]?.pieces ?? [];
      for (let i = 0; i < pieces.length; i++) {
        if (i > 0) {
          const value = values[next++];
          if (value === undefined) return link(previousHash, body);
          at = writeValue(room, at, value);
        }
        const piece = pieces[i];
        if (piece === undefined) continue;
        const { length } = piece;
        // Here and not in a function of its own, which takes a tenth of all this more.
        if (length > shortBytes) room.set(piece, at);
        else for (let k = 0; k < length; k++) room[at + k] = piece[k] ?? 0;
        at += length;
      }
    }
    return next < values.length ? link(previousHash, body) : hash('sha256', (begins[at] ??= room.subarray(0, at)));
  };
}

function whole({ shared, values }: Apart): string {
  const text = wholeText(
    shared.map(({ text: one }) => piecesOf(one)),
    valuesText(values),
  );
  if (text === undefined) throw new Error('a record has values without a place');
  return text;
}

function fits(previousHash: string, { shared, values }: Apart): boolean {
  let size = previousHash.length * 3;
  for (let i = 0; i < values.length; i++) size += mostBytes(values[i] ?? 0);
  for (let i = 0; i < shared.length; i++) size += shared[i]?.sizeBytes ?? 0;
  return size <= roomBytes;
}
