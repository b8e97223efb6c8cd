// What went wrong at a command line, in one line that says what to do. Only what nobody foresaw comes with its stack.
import { getSystemErrorMessage } from 'node:util';
import { Fault } from '#contract/error.ts';

export function explain(thrown: unknown): string {
  if (thrown instanceof Fault) {
    // "The database does not answer" alone would leave an administrator, who may see the cause, without it.
    const cause = thrown.code === 'STORE_UNAVAILABLE' && thrown.cause instanceof Error ? thrown.cause.message.split('\n')[0] : '';
    return oneLine(cause ? `${thrown.message} (${cause})` : thrown.message);
  }
  const system = systemError(thrown);
  if (system) return oneLine(system);
  return `something failed that nobody foresaw: ${thrown instanceof Error ? thrown.stack : String(thrown)}`;
}

const advice: Readonly<Record<string, string>> = {
  ENOENT: 'Check the path.',
  EACCES: 'Give this user the right to, or run it as the user that runs `serve`.',
  EPERM: 'Give this user the right to, or run it as the user that runs `serve`.',
  EISDIR: 'Name a file, not a directory.',
  ENOTDIR: 'Check the path.',
  ENOSPC: 'Make room on the disk.',
  EROFS: 'Name a place that can be written to.',
  ECONNREFUSED: 'Check that the database runs and that its address is right.',
};

function systemError(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown) || typeof thrown.code !== 'string') return undefined;
  const what = advice[thrown.code];
  if (what === undefined) return undefined;
  const path = 'path' in thrown && typeof thrown.path === 'string' ? `${thrown.path}: ` : '';
  const reason = 'errno' in thrown && typeof thrown.errno === 'number' ? getSystemErrorMessage(thrown.errno) : thrown.code;
  return `${path}${reason}. ${what}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ');
}
