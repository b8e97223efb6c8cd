// Where the agent's socket lies: in a directory that only this user can enter. The shim loads this file, so it imports nothing but node:.
// Rule: nobody talks to a socket before its directory was checked, or another user could answer in the agent's place.
import { createHash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A Unix socket's path has room for 104 bytes on macOS and 108 on Linux, with its closing NUL. */
const pathLimitBytes = 100;

/** The socket of the agent with this state directory. On Windows a named pipe (unverified). */
export function socketPath(stateDir: string, platform: NodeJS.Platform, uid: number): string {
  const hash = createHash('sha256').update(stateDir).digest('hex').slice(0, 32);
  if (platform === 'win32') return `\\\\.\\pipe\\drawbridge-${hash}`;
  const direct = join(stateDir, 'agent.sock');
  return Buffer.byteLength(direct) <= pathLimitBytes ? direct : `/tmp/drawbridge-${uid}/${hash}.sock`;
}

/** Throws unless the directory is this user's and closed to all others. */
export async function checkPrivateDirectory(directory: string, uid: number): Promise<void> {
  if (uid < 0) return;
  const stat = await lstat(directory);
  if (!stat.isDirectory())
    throw new Error(`${directory} is ${stat.isSymbolicLink() ? 'a symlink: name the directory itself' : 'not a directory'}`);
  if (stat.uid !== uid)
    throw new Error(`${directory} belongs to user ${stat.uid}: give it to user ${uid}, or name another with --state`);
  if ((stat.mode & 0o077) !== 0) throw new Error(`${directory} is open to other users`);
}

/** The directory to check for a socket; none for a named pipe. */
export function socketDirectory(socket: string): string | undefined {
  return socket.startsWith('\\\\') ? undefined : dirname(socket);
}
