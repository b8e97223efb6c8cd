// Where this user's agent keeps its state and its socket: the same answer as bridge/location.ts and bridge/socket/path.ts give, which a test compares.
// The programs import nothing of each other, so the rule stands twice; it is a promise about paths on the device.
import { createHash } from 'node:crypto';
import { join } from 'node:path';

export interface Place {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function defaultStateDir({ platform, home, env }: Place): string {
  if (platform === 'darwin') return join(home, 'Library/Application Support/Drawbridge');
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(home, 'AppData/Local'), 'Drawbridge');
  const base = env['XDG_STATE_HOME'];
  return base?.startsWith('/') === true ? join(base, 'drawbridge') : join(home, '.local/state/drawbridge');
}

/** A Unix socket's path has room for 104 bytes on macOS; a longer one lies in a private folder of /tmp. `uid`: -1 on Windows. */
export function agentSocket(stateDir: string, platform: NodeJS.Platform, uid: number): string {
  const hash = createHash('sha256').update(stateDir).digest('hex').slice(0, 32);
  if (platform === 'win32') return `\\\\.\\pipe\\drawbridge-${hash}`;
  const direct = join(stateDir, 'agent.sock');
  return Buffer.byteLength(direct) <= 100 ? direct : `/tmp/drawbridge-${uid}/${hash}.sock`;
}
