// From a launch line as a host's config spells it to the exact process that will run. Resolving starts no server: it looks up, reads and
// hashes files, and at most installs a package without its scripts, so that a scan never executes what nobody has approved.
import { resolve } from 'node:path';
import { Fault } from '#contract/error.ts';
import type { LocalServerSource } from '#contract/server.ts';
import { createHasher } from './content.ts';
import { baseEnvironment, isEnvironmentName } from './environment.ts';
import { resolveFile } from './file.ts';
import { resolveImage } from './image.ts';
import { launchOf } from './launch.ts';
import type { Launch, Recipe } from './launch.ts';
import { npmRequest, resolveNpm } from './npm.ts';
import { resolvePypi } from './pypi.ts';
import type { Question, ResolveDeps } from './question.ts';
import { commandName } from './sanction.ts';
import { unwrapCmd } from './windows.ts';

/** Rejects with SERVER_START_FAILED and a reason that says what to do. */
export async function resolveLaunch(source: LocalServerSource, deps: ResolveDeps): Promise<Launch> {
  const { server, line, lacks } = source;
  if (lacks !== undefined) throw failed(server, lacks);
  const badName = Object.keys(line.env).find((name) => !isEnvironmentName(name, deps.platform));
  if (badName !== undefined) throw failed(server, `"${badName}" is not a name of an environment variable`);
  const words = [line.command, ...line.args];
  // The system would refuse it with a message that repeats the argument.
  if ([...words, ...Object.values(line.env)].some((text) => text.includes('\0')))
    throw failed(server, 'an argument holds a NUL character');
  const [command = '', ...args] = deps.platform === 'win32' ? unwrapCmd(words) : words;
  const cwd = resolve(deps.home, line.cwd ?? '');
  try {
    const recipe = await recipeOf({ command, args, cwd, deps, hasher: deps.hasher ?? createHasher() });
    return launchOf(source, recipe, { cwd, env: { ...baseEnvironment(deps), ...line.env } });
  } catch (cause) {
    throw failed(server, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function recipeOf(question: Question): Promise<Recipe> {
  const [first = ''] = question.args;
  const name = commandName(question.command);
  const request = npmRequest(name, question.args);
  if (request !== undefined) return resolveNpm(request, question);
  const runner = [name, first].join(' ');
  if (['bunx', 'pnpx'].includes(name) || ['bun x', 'pnpm dlx', 'pnpm exec', 'yarn dlx', 'yarn exec'].includes(runner))
    throw new Error(`"${name}" is not resolved here: write the entry with npx and the package's name`);
  if (name === 'uvx' || (name === 'uv' && first === 'tool' && question.args[1] === 'run')) return resolvePypi(question);
  if ((name === 'docker' || name === 'podman') && first === 'run') return resolveImage(question);
  return resolveFile(question);
}

function failed(server: string, reason: string, cause?: unknown): Fault {
  return new Fault('SERVER_START_FAILED', { server, reason }, { cause });
}
