// A plain command: `python3 server.py`, `/opt/tool/bin/server`. Identified by the executable's content and that of the script it is given.
// Not covered: what the script imports. An executable that is a version manager's shim is covered as the shim only.
import { hash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { canonical } from './launch.ts';
import type { Recipe } from './launch.ts';
import type { Question } from './question.ts';
import { commandName } from './sanction.ts';
import { findExecutable } from './search-path.ts';

const interpreter =
  /^(?:node|nodejs|deno|bun|tsx|ts-node|python[\d.]*|pypy[\d.]*|ruby|perl|php|java|sh|bash|zsh|dash|ksh|fish|pwsh|powershell|rscript|dotnet|lua)$/;
const codeEnding = /\.(?:[cm]?[jt]sx?|pyz?|rb|pl|php|sh|jar|lua|r|dll|exe|ps1|bat|cmd)$/i;

export async function resolveFile({ command, args, cwd, deps, hasher }: Question): Promise<Recipe> {
  const name = commandName(command);
  const where = { searchPath: deps.searchPath, cwd, platform: deps.platform, pathExtensions: deps.environment['PATHEXT'] };
  const file = (await findExecutable(command, where)) ?? (name === 'node' ? deps.node : undefined);
  if (file === undefined) throw new Error(notFound(command));
  const script = await scriptIn(args, cwd, interpreter.test(name));
  const contentHash = await contentOf();

  async function contentOf(): Promise<string> {
    return hash(
      'sha256',
      canonical({
        executable: await hasher.ofFile(file ?? ''),
        script: script === undefined ? null : await hasher.ofFile(script),
      }),
    );
  }
  return {
    kind: 'file',
    identity: file,
    contentHash,
    shown: args,
    file,
    args,
    verify: async () => (await contentOf()) === contentHash,
  };
}

export function notFound(command: string): string {
  return `"${command}" is not installed, or in none of the places that were searched`;
}

// For an interpreter the first argument that is a file. For other programs only one that looks like code: a database or a notes file that
// is named on a command line changes with every use.
async function scriptIn(args: readonly string[], cwd: string, isInterpreter: boolean): Promise<string | undefined> {
  for (const arg of args) {
    if (arg === '' || arg.startsWith('-')) continue;
    const path = isAbsolute(arg) ? arg : resolve(cwd, arg);
    const isFile = await stat(path).then(
      (found) => found.isFile(),
      () => false,
    );
    if (isFile && (isInterpreter || codeEnding.test(path) || (await startsAsScript(path)))) return path;
  }
  return undefined;
}

async function startsAsScript(path: string): Promise<boolean> {
  const handle = await open(path).catch(() => undefined);
  if (handle === undefined) return false;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer.toString('latin1') === '#!';
  } finally {
    await handle.close();
  }
}
