// What is told of a message that was too large to pass: its first and last bytes, in which whoever waits for it can find the id that it answers.
// The rule: never more than 1 KiB of each, however long the message was.
import { z } from 'zod';

export const remnantBytes = 1024;

/** Bytes as latin1. `tail` is absent while the message is still being read away. */
export const Remnant = z.looseObject({
  head: z.string().max(remnantBytes),
  tail: z.string().max(remnantBytes).optional(),
});
export type Remnant = z.infer<typeof Remnant>;

/** Of a message that is known whole. */
export function remnantOf(message: Buffer): Remnant {
  return { ...headOf(message), tail: textOf(message.subarray(-remnantBytes)) };
}

/** Of a message that begins so, and whose end is still to come. */
export function headOf(beginning: Buffer): Remnant {
  return { head: textOf(beginning.subarray(0, remnantBytes)) };
}

/** The last bytes after one more piece. They are a copy, so that they keep no packet alive. */
export function lastBytes(before: Buffer, piece: Buffer): Buffer {
  if (piece.length >= remnantBytes) return Buffer.from(piece.subarray(-remnantBytes));
  return Buffer.concat([before, piece]).subarray(-remnantBytes);
}

/** The whole remnant, once the end was read. */
export function withTail({ head }: Remnant, last: Buffer): Remnant {
  return { head, tail: textOf(last) };
}

function textOf(bytes: Buffer): string {
  return bytes.toString('latin1');
}
