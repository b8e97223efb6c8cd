// The maintainer scripts of the Linux packages, each one file. Rule: what two of them need stands once, in common.sh, and is put in front of each.
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const scripts = ['postinst', 'prerm', 'postrm'] as const;

/** Writes them into `folder`, executable. */
export async function writeScripts(root: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const read = async (name: string) => await readFile(join(root, 'build/package/linux', name), 'utf8');
  const common = await read('common.sh');
  for (const name of scripts) {
    await writeFile(join(folder, name), `#!/bin/sh\nset -e\n${common}${await read(name)}`);
    await chmod(join(folder, name), 0o755);
  }
}
