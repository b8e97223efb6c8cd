// Other people's programs that are measured: installed on demand into a cache outside the repository, at exact versions, without their install scripts.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../program.ts';

const installMs = 180_000;

export interface Cache {
  readonly cacheDir: string;
  /** npm's: the whole environment, with its proxies and certificates. */
  readonly installEnv: Readonly<Record<string, string | undefined>>;
}

/** The node_modules with these packages, filled once for each set of versions. Rejects where npm can't have them. */
export async function install({ cacheDir, installEnv }: Cache, versions: Readonly<Record<string, string>>): Promise<string> {
  const specs = Object.entries(versions).map(([name, version]) => `${name}@${version}`);
  const folder = join(cacheDir, specs.join('+').replaceAll('/', '+'));
  const done = join(folder, 'installed');
  if (existsSync(done)) return join(folder, 'node_modules');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  const args = ['install', '--ignore-scripts', '--save-exact', '--no-audit', '--no-fund', ...specs];
  try {
    await runProgram({ file: 'npm', args, env: installEnv, cwd: folder }, installMs);
  } catch (error) {
    throw new Error(`${specs.join(' and ')} can't be installed`, { cause: error });
  }
  await writeFile(done, '');
  return join(folder, 'node_modules');
}
