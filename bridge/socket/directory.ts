// The directory that only this user can enter, made or put right: of the agent's state and of its socket. Rule: a foreign one is not ours to touch.
import { chmod, lstat } from 'node:fs/promises';
import { Fault } from '#contract/error.ts';
import { blaming, makeFolder } from '../plain-file.ts';
import { checkPrivateDirectory } from './path.ts';

/** Makes it where it is absent. Rejects with FILE_UNUSABLE, also where others could get in. */
export async function openPrivateDirectory(directory: string, uid: number): Promise<void> {
  await makeFolder(directory).catch(blaming(directory));
  if (uid < 0) return;
  const stat = await lstat(directory);
  // our own directory that is merely too open is made right
  if (stat.isDirectory() && stat.uid === uid && (stat.mode & 0o077) !== 0)
    await chmod(directory, 0o700).catch(blaming(directory));
  await checkPrivateDirectory(directory, uid).catch((cause: unknown) => {
    throw new Fault(
      'FILE_UNUSABLE',
      { file: directory, reason: cause instanceof Error ? cause.message : 'see the log' },
      { cause },
    );
  });
}
