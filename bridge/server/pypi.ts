// `uvx package`: the version is fixed once, and `uvx package==version` is what runs. Its dependencies are resolved by uv at run time, so this
// identity is weaker than npm's: the package and its version, and the uvx that runs it. Not verified against a real uv.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readPlainText } from '../plain-file.ts';
import { installEnvironment } from './environment.ts';
import { notFound } from './file.ts';
import type { Recipe } from './launch.ts';
import type { Question } from './question.ts';
import { commandName } from './sanction.ts';
import { findExecutable } from './search-path.ts';
import { runTool } from './tool.ts';

const requirement = /^([A-Za-z0-9][A-Za-z0-9._-]*(?:\[[A-Za-z0-9._,-]+\])?)(?:(?:==|@)([^@\s]+))?$/;
const exactVersion = /^[0-9][0-9A-Za-z.!+-]*$/;
const deadlineMs = 180_000;

export async function resolvePypi(question: Question): Promise<Recipe> {
  const { command, cwd, deps, hasher } = question;
  const isUv = commandName(command) === 'uv';
  const file = await findExecutable(command, { searchPath: deps.searchPath, cwd, platform: deps.platform });
  if (file === undefined) throw new Error(notFound(command));
  const asked = readArguments(isUv ? question.args.slice(2) : question.args);
  const executable = await hasher.ofFile(file);
  const before = isUv ? ['tool', 'run'] : [];
  const version = asked.version ?? (await resolvedVersion(asked.name, question));
  return {
    kind: 'pypi',
    identity: asked.name,
    version,
    entry: asked.run,
    contentHash: executable,
    shown: asked.rest,
    file,
    args: [...before, '--from', `${asked.name}==${version}`, asked.run, ...asked.rest],
    verify: async () => (await hasher.ofFile(file)) === executable,
  };
}

function readArguments(args: readonly string[]): {
  name: string;
  version: string | undefined;
  run: string;
  rest: readonly string[];
} {
  const words = [...args];
  let from: string | undefined;
  while (words[0]?.startsWith('-')) {
    const flag = words.shift() ?? '';
    if (flag === '--from') from = words.shift();
    else if (flag.startsWith('--from=')) from = flag.slice(7);
    else if (!['-q', '--quiet', '--isolated'].includes(flag))
      throw new Error(`the option ${flag} of uvx is not understood here: name the package, as in "uvx package==1.2.3"`);
  }
  const first = words.shift();
  if (first === undefined) throw new Error('uvx is given no package');
  const [, name, wanted] = requirement.exec(from ?? first) ?? [];
  if (name === undefined || (wanted !== undefined && wanted !== 'latest' && !exactVersion.test(wanted)))
    throw new Error(`"${from ?? first}" is not a package with an exact version: write it as "package==1.2.3"`);
  const run = from === undefined ? name.replace(/\[.*$/, '') : first;
  return { name, version: wanted === 'latest' ? undefined : wanted, run, rest: words };
}

/** Asked of uv once and written down, so that the next start runs the same version. It reads metadata only: nothing is built or run. */
async function resolvedVersion(name: string, { cwd, deps }: Question): Promise<string> {
  const store = join(deps.stateDir, 'package');
  const bare = name.replace(/\[.*$/, '');
  const file = join(store, `pypi-${bare.toLowerCase()}.resolved`);
  const known = await readPlainText(file).catch(() => '');
  if (exactVersion.test(known)) return known;
  if (deps.install === 'never')
    throw new Error(`"${name}" has no version, and the profile lets nothing be installed: write ${name}==<version>`);
  const uv = await findExecutable('uv', { searchPath: deps.searchPath, cwd, platform: deps.platform });
  if (uv === undefined) throw new Error(notFound('uv'));
  deps.onProgress?.(`asking uv for the version of ${name}`);
  const { stdout } = await runTool({
    file: uv,
    args: ['pip', 'compile', '-', '--no-deps', '--no-build', '--no-header', '--no-annotate', '--quiet'],
    input: `${bare}\n`,
    cwd: deps.home,
    env: installEnvironment(deps),
    deadlineMs,
    signal: deps.signal,
  }).catch((cause: unknown) => {
    throw new Error(`uv could not resolve ${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  });
  const version = /^\S+==(\S+)\s*$/.exec(stdout.trim())?.[1] ?? '';
  if (!exactVersion.test(version)) throw new Error(`uv named no version of ${name}: pin it, as in "${name}==1.2.3"`);
  await mkdir(store, { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, version, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return version;
}
