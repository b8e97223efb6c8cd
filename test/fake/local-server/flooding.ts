// Answers the first message with one line of BYTES (`flooding.ts BYTES`), a gigabyte where nothing is said, and every later one as it should.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { z } from 'zod';

const Asked = z.looseObject({ id: z.number() });

const bytes = Number(process.argv[2] ?? 1024 ** 3);
const piece = Buffer.alloc(1024 * 1024, 'x');
let answered = 0;

for await (const line of createInterface({ input: process.stdin })) {
  if (answered++ > 0) {
    process.stdout.write(`${line}\n`);
    continue;
  }
  const { id } = Asked.parse(JSON.parse(line));
  process.stdout.write(`{"jsonrpc":"2.0","id":${id},"result":"`);
  for (let left = bytes; left > 0; left -= piece.length)
    if (!process.stdout.write(piece.subarray(0, Math.min(left, piece.length)))) await once(process.stdout, 'drain');
  process.stdout.write('"}\n');
}
