// Reads what ought to be a plain file, wherever its path is from. Rule: a pipe or a device in its place is refused; nobody waits for a writer, and none is read
// without end.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** Far more than any state file has. */
const limitBytes = 64 * 1024 * 1024;

/** Its bytes. Rejects as open() does, and where it is no regular file (code EINVAL) or larger than `atMostBytes` (code EFBIG). */
export async function readPlain(path: string, atMostBytes = limitBytes): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw refusal('EINVAL', `${path} is no regular file: remove it`);
    if (stat.size > atMostBytes) throw refusal('EFBIG', `${path} is larger than ${atMostBytes} bytes`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** The same as text. */
export async function readPlainText(path: string): Promise<string> {
  return (await readPlain(path)).toString('utf8');
}

function refusal(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
