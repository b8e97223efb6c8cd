// `npm run package`, for tests: run as its command line is, in a copy of the repository, so that nothing of it lands in the real one.
import { execFile } from 'node:child_process';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { makeDeb } from '../../../build/package/deb.ts';
import { makeRpm } from '../../../build/package/rpm.ts';

const Packaged = z.object({
  /** The app's folder. */
  unpacked: z.string(),
  deb: z.string(),
  rpm: z.string(),
  version: z.string(),
  /** Such as 25.1.1. */
  electron: z.string(),
  isForTests: z.boolean(),
});
export type Packaged = z.infer<typeof Packaged>;

/** Packages the app of the repository in `root` for this platform into `out`. Rejects with what the command said last. */
export async function packageApp(root: string, out: string, flags: readonly string[]): Promise<Packaged> {
  const args = [join(root, 'build/package/main.ts'), '--dir', '--out', out, ...flags];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, maxBuffer: 2 ** 24 });
    return Packaged.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    throw new Error(said.trim().split('\n').slice(-8).join('\n'), { cause: error });
  }
}

/** The same app as packages of a later version, in `folder`. */
export async function newerPackages(
  root: string,
  packaged: Packaged,
  folder: string,
  version: string,
): Promise<{ readonly deb: string; readonly rpm: string }> {
  const unpacked = join(folder, 'newer');
  await cp(packaged.unpacked, unpacked, { recursive: true, verbatimSymlinks: true });
  const manifest = join(unpacked, 'resources/bridge/package.json');
  await writeFile(manifest, (await readFile(manifest, 'utf8')).replace(/"version": "[^"]*"/, `"version": "${version}"`));
  const of = { root, unpacked, version, arch: process.arch === 'arm64' ? 'arm64' : 'x64', compression: 'fast' } as const;
  const newer = { deb: join(folder, 'newer.deb'), rpm: join(folder, 'newer.rpm') };
  await makeDeb({ ...of, file: newer.deb });
  await makeRpm({ ...of, file: newer.rpm });
  await rm(unpacked, { recursive: true });
  return newer;
}
