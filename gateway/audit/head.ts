// The heads of the chains in a file outside the database, so that records that were cut off at the end show. Written after commits, so it is never ahead.
// Each chain has two lines of fixed length that are written in turn, in place: a line that a power cut tore fails its check, and the one before it counts.
import { type KeyObject, createHmac } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { chainName, isEqual } from './chain.ts';
import type { Position } from './chain.ts';

const lineBytes = 512;
const chainLimit = 256;

const Line = z.strictObject({
  chain: z.string().regex(chainName),
  seq: z.number().int().min(0),
  hash: z.string(),
  check: z.string(),
});

/** What a file of heads says of its chains; `damaged` where it can't be believed, undefined where there is no file. */
export type Heads = ReadonlyMap<string, Position & { readonly pair: number; readonly line: number }> | 'damaged' | undefined;

export function readHeads(file: string, key: KeyObject): Heads {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    return 'damaged';
  }
  // Whoever opens a chain says so here at once, so that an empty file is one that was emptied.
  if (text === '') return 'damaged';
  const heads = new Map<string, Position & { pair: number; line: number }>();
  const pairs = Math.ceil(text.length / lineBytes / 2);
  for (let pair = 0; pair < pairs; pair++) {
    const both = [0, 1].flatMap((line) => {
      const from = (pair * 2 + line) * lineBytes;
      const position = parse(text.slice(from, from + lineBytes), key);
      return position === undefined ? [] : [{ ...position, pair, line }];
    });
    const newest = both.toSorted((a, b) => b.seq - a.seq)[0];
    if (newest === undefined || heads.has(newest.chain)) return 'damaged';
    heads.set(newest.chain, newest);
  }
  return heads;
}

/** The open head of one chain. */
export interface Head {
  /** Says that the chain ends here now. The position is committed already. */
  write(position: Position): void;
  /** Idempotent. */
  close(): void;
}

/** Opens the head of a chain, which says `position` from then on. The caller has compared what the file said before with the database. */
export function openHead(file: string, key: KeyObject, position: Position): Head {
  const heads = readHeads(file, key);
  if (heads === 'damaged') throw new Fault('AUDIT_BROKEN', { reason: `The file ${file} is damaged.` });
  const all = [...(heads?.values() ?? [])].filter(({ chain }) => chain !== position.chain).toSorted((a, b) => a.pair - b.pair);
  if (all.length >= chainLimit) throw new Fault('AUDIT_BROKEN', { reason: `The file ${file} holds too many chains.` });
  const pair = all.length;
  replaceHeads(file, key, [...all, position]);

  const descriptor = openSync(file, 'r+');
  let turn = 0;
  let isOpen = true;
  return {
    write(next) {
      const line = format(next, key);
      if (writeSync(descriptor, line, 0, line.length, (pair * 2 + turn) * lineBytes) !== line.length)
        throw new Error('a short write');
      turn = 1 - turn;
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      try {
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    },
  };
}

/** Writes the whole file anew: temporary file, fsync, rename. */
export function replaceHeads(file: string, key: KeyObject, positions: readonly Position[]): void {
  const temporary = `${file}.part`;
  rmSync(temporary, { force: true });
  const descriptor = openSync(temporary, 'wx', 0o600);
  try {
    for (const position of positions)
      for (const line of [format(position, key), format(position, key)]) writeSync(descriptor, line);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
}

function format({ chain, seq, hash }: Position, key: KeyObject): Buffer {
  const text = JSON.stringify({ chain, seq, hash, check: checkOf({ chain, seq, hash }, key) });
  return Buffer.from(`${text.padEnd(lineBytes - 1)}\n`);
}

function parse(text: string, key: KeyObject): Position | undefined {
  try {
    const { check, ...position } = Line.parse(JSON.parse(text));
    return isEqual(check, checkOf(position, key)) ? position : undefined;
  } catch {
    return undefined;
  }
}

function checkOf({ chain, seq, hash }: Position, key: KeyObject): string {
  return createHmac('sha256', key).update(`head|${chain}|${seq}|${hash}`).digest('hex');
}
