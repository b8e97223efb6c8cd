// The program that AI hosts start: a short script with absolute paths, so that any PATH will do. Its own path holds no version, because it stands in hosts'
// configs and in IT's allow-lists. Rule: it sets no variable and passes its arguments on as they are.
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { blaming, makeFolder, readPlainText } from './plain-file.ts';
import { launcherPath } from './location.ts';

/** Writes it where it is absent or another one. Returns its path. Rejects with FILE_UNUSABLE. On Windows it is a .cmd beside that path (unverified). */
export async function writeLauncher(of: {
  readonly stateDir: string;
  readonly node: string;
  readonly cli: string;
  readonly platform: NodeJS.Platform;
}): Promise<string> {
  const file = of.platform === 'win32' ? `${launcherPath(of.stateDir)}.cmd` : launcherPath(of.stateDir);
  const text =
    of.platform === 'win32'
      ? `@${asBatchWord(of.node)} ${asBatchWord(of.cli)} --state ${asBatchWord(of.stateDir)} %*\r\n`
      : `#!/bin/sh\nexec ${quoted(of.node)} ${quoted(of.cli)} --state ${quoted(of.stateDir)} "$@"\n`;
  if ((await readPlainText(file).catch(() => undefined)) === text) return file;
  await write(file, text).catch(blaming(file));
  return file;
}

async function write(file: string, text: string): Promise<void> {
  await makeFolder(dirname(file));
  const draft = `${file}.${randomBytes(8).toString('hex')}`;
  try {
    const handle = await open(draft, 'wx', 0o755);
    try {
      await handle.chmod(0o755);
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** One word of a batch file: a quote is in no path there. */
function asBatchWord(text: string): string {
  return `"${text.replaceAll('%', '%%')}"`;
}

/** One word for /bin/sh, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
