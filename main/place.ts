// Where this user's agent keeps its state, as the contract says, and its socket: the same answer as bridge/socket/path.ts gives, which a test compares.
// The programs import nothing of each other, and the contract no node:, so the rule of the socket stands twice.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type StatePlace, stateFolder } from '#contract/state-folder.ts';

export function defaultStateDir(place: StatePlace): string {
  return join(...stateFolder(place));
}

/** A Unix socket's path has room for 104 bytes on macOS; a longer one lies in a private folder of /tmp. `uid`: -1 on Windows. */
export function agentSocket(stateDir: string, platform: NodeJS.Platform, uid: number): string {
  const hash = createHash('sha256').update(stateDir).digest('hex').slice(0, 32);
  if (platform === 'win32') return `\\\\.\\pipe\\drawbridge-${hash}`;
  const direct = join(stateDir, 'agent.sock');
  return Buffer.byteLength(direct) <= 100 ? direct : `/tmp/drawbridge-${uid}/${hash}.sock`;
}
