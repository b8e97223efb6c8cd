// A plain command: `python3 server.py`, `/opt/tool/bin/server`. Identified by the executable's content and that of the code that it is given.
// Not covered: what the script imports, and an executable behind a version manager's shim. An interpreter that is given no file (`python3 -m tool`,
// `node .`, `bash -c …`) is covered by its arguments alone, and says so.
import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canonical } from './launch.ts';
import type { Recipe } from './launch.ts';
import type { Question } from './question.ts';
import { commandName } from './sanction.ts';
import { findExecutable } from './search-path.ts';

const interpreter =
  /^(?:node|nodejs|deno|bun|tsx|ts-node|python[\d.]*|pypy[\d.]*|ruby|perl|php|java|sh|bash|zsh|dash|ksh|fish|pwsh|powershell|rscript|dotnet|lua)$/;
const codeEnding = /\.(?:[cm]?[jt]sx?|pyz?|rb|pl|php|sh|jar|lua|r|dll|exe|ps1|bat|cmd)$/i;
// Options of interpreters whose value is the next word: the file behind one is not yet the script.
const loadingOption =
  /^(?:-r|--require|--import|--preload|--loader|--experimental-loader|--env-file(?:-if-exists)?|--rcfile|--init-file|-c|--config|--tsconfig|-C|--conditions)$/;

export async function resolveFile({ command, args, cwd, deps, hasher }: Question): Promise<Recipe> {
  const name = commandName(command);
  const where = { searchPath: deps.searchPath, cwd, platform: deps.platform, pathExtensions: deps.environment['PATHEXT'] };
  const file = (await findExecutable(command, where)) ?? (name === 'node' ? deps.node : undefined);
  if (file === undefined) throw new Error(notFound(command));
  const contentHash = await contentOf();
  const isInterpreter = interpreter.test(name);
  const isCodeHashed = !isInterpreter || (await scriptsIn(args, cwd, true)).length > 0;

  async function contentOf(): Promise<string> {
    // looked for anew each time: a file that was not there yet when it was approved is a change too
    const scripts = await scriptsIn(args, cwd, interpreter.test(name));
    const content = {
      executable: await hasher.ofFile(file ?? ''),
      scripts: await Promise.all(scripts.map((script) => hasher.ofFile(script))),
    };
    return createHash('sha256').update(canonical(content)).digest('hex');
  }
  return {
    kind: 'file',
    identity: file,
    contentHash,
    ...(isCodeHashed ? {} : { isCodeHashed }),
    shown: args,
    file,
    args,
    verify: async () => (await contentOf()) === contentHash,
  };
}

export function notFound(command: string): string {
  return `"${command}" is not installed, or in none of the places that were searched`;
}

// Every file that looks like code, in the order of the arguments. For an interpreter also the script itself and what its options before the script
// load, whatever they are called. No other file: a database or a notes file that is named on a command line changes with every use.
async function scriptsIn(args: readonly string[], cwd: string, isInterpreter: boolean): Promise<readonly string[]> {
  const found: string[] = [];
  let isScriptAhead = isInterpreter;
  for (const [index, arg] of args.entries()) {
    const isOption = arg.startsWith('-');
    const files = await filesNamed(isOption ? inlineValue(arg) : arg, cwd);
    for (const file of files) if (isScriptAhead || codeEnding.test(file) || (await startsAsScript(file))) found.push(file);
    if (files.length > 0 && !isOption && !loadingOption.test(args[index - 1] ?? '')) isScriptAhead = false;
  }
  return found;
}

// `--import=./x`, and `-r./x` as Ruby takes it.
function inlineValue(option: string): string | undefined {
  return (/^-[^=]*=(.+)$/s.exec(option) ?? /^-r(.+)$/s.exec(option))?.[1];
}

// A word such as `file:x` may be read as a URL or as a path: what is there either way counts.
async function filesNamed(word: string | undefined, cwd: string): Promise<readonly string[]> {
  if (word === undefined || word === '') return [];
  const paths = [resolve(cwd, word)];
  if (/^file:/i.test(word) && URL.canParse(word)) paths.push(fileURLToPath(word));
  const kinds = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return paths.filter((_, index) => kinds[index]?.isFile());
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
