// Windows: which file a command name means, and how a .cmd or .bat is started (CVE-2024-27980: only by cmd.exe, as one verbatim line).
// Unverified: written from the rules of CommandLineToArgvW and cmd.exe, never run on Windows. A process tree needs a job object to die with a
// killed agent; taskkill covers only an agent that lives.
import { spawn } from 'node:child_process';

export interface WindowsCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly verbatim: boolean;
}

/** Names to look for, in the order of PATHEXT; a name that has one of its endings stands alone. */
export function windowsNames(command: string, pathExtensions: string): string[] {
  const endings = pathExtensions.split(';').filter((ending) => ending !== '');
  const has = endings.some((ending) => command.toLowerCase().endsWith(ending.toLowerCase()));
  return has ? [command] : endings.map((ending) => command + ending.toLowerCase());
}

/** `cmd /c npx …`, the usual way to write it on Windows, without its cmd. */
export function unwrapCmd(words: readonly string[]): readonly string[] {
  const [first = '', flag = '', ...rest] = words;
  return /^(?:.*[\\/])?cmd(?:\.exe)?$/i.test(first) && flag.toLowerCase() === '/c' && rest.length > 0 ? rest : words;
}

export function windowsCommand(file: string, args: readonly string[]): WindowsCommand {
  if (!/\.(?:cmd|bat)$/i.test(file)) return { file, args, verbatim: false };
  const line = [quoteMeta(file), ...args.map(quoteForCmd)].join(' ');
  return { file: 'cmd.exe', args: ['/d', '/s', '/c', `"${line}"`], verbatim: true };
}

const meta = /[()\][%!^"`<>&|;, *?]/g;

function quoteForCmd(arg: string): string {
  if (/[\r\n\0]/.test(arg)) throw new Error('an argument with a line end cannot be passed to a .cmd file');
  const quoted = `"${arg.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`;
  // Twice: the .cmd hands its arguments to another command line, which reads them again.
  return quoteMeta(quoteMeta(quoted));
}

function quoteMeta(text: string): string {
  return text.replace(meta, '^$&');
}

const taskKill = 'taskkill.exe';

/** Ends a process and all below it. */
export function killTree(pid: number): void {
  spawn(taskKill, ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore', windowsHide: true }).on('error', () => undefined);
}
