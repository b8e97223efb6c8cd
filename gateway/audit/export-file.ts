// An export as a file: written beside its name, and there under its name only once it is whole. The rule: nothing is replaced, and nobody but its owner reads it.
import { link, open, rm } from 'node:fs/promises';
import { Fault } from '#contract/error.ts';
import { newId } from '#contract/id.ts';

/** Rejects with FILE_UNUSABLE where the file exists already or can't be written. */
export async function writeExport(file: string, pieces: AsyncIterable<string>): Promise<void> {
  const temporary = `${file}.${newId()}.part`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      for await (const piece of pieces) await handle.appendFile(piece);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(temporary, file);
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) throw error;
    const reason =
      error.code === 'EEXIST'
        ? 'there is a file already. Name another one.'
        : `${error.code}. Is there room, and may it be written?`;
    throw new Fault('FILE_UNUSABLE', { file, reason }, { cause: error });
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}
