// A folder that stands for /, with homes, sessions and status files in it, and the generated scripts run over it.
import { spawnSync } from 'node:child_process';
import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PostureStatus } from '../../../contract/posture.ts';
import { collect } from '../../../bridge/posture/collect.ts';
import { writePosture } from '../../../bridge/posture/status-file.ts';
import { stateWith } from '../../bridge/state-fixture.ts';
import { root as repository } from './fixture.ts';

export const me = process.getuid?.() ?? -1;
/** Root can make files of anybody; everybody else only their own. */
export const ada = me === 0 ? 41_001 : me;
export const bob = 41_002;

export type System = 'linux' | 'macos';
export const scripts = {
  jamf: { path: 'build/profile/puller/jamf-extension-attribute.sh', system: 'macos' },
  intune: { path: 'build/profile/puller/intune-discovery-linux.sh', system: 'linux' },
  'exit-code-linux': { path: 'build/profile/puller/exit-code-linux.sh', system: 'linux' },
  'exit-code-macos': { path: 'build/profile/puller/exit-code-macos.sh', system: 'macos' },
} as const satisfies Record<string, { path: string; system: System }>;

const ownFolder = {
  linux: (user: string) => join('home', user, '.local/state/drawbridge/posture'),
  macos: (user: string) => join('Users', user, 'Library/Application Support/Drawbridge/posture'),
};
const sharedFolder = { linux: 'var/lib/drawbridge/posture', macos: 'Library/Application Support/Drawbridge/posture' };

export interface Place {
  readonly root: string;
  /** The status file in a user's own home. The home and all below it are made, and belong to the user. */
  own(system: System, user: string, uid: number): Promise<string>;
  /** The one in the folder that an installer made for the user. */
  shared(system: System, uid: number): Promise<string>;
  close(): Promise<void>;
}

export async function openPlace(): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), 'drawbridge-puller-'));
  const folder = async (path: string, uid: number, from: number): Promise<string> => {
    const parts = path.split('/');
    for (let count = 1; count <= parts.length; count++) {
      const directory = join(root, ...parts.slice(0, count));
      await mkdir(directory, { recursive: true });
      if (count >= from && me === 0) await chown(directory, uid, uid);
    }
    return join(root, path, 'status.json');
  };
  return {
    root,
    own: (system, user, uid) => folder(ownFolder[system](user), uid, 2),
    shared: (system, uid) => folder(join(sharedFolder[system], String(uid)), uid, sharedFolder[system].split('/').length + 1),
    close: () => rm(root, { recursive: true, force: true }),
  };
}

export interface Told {
  /** What of the agent's state is other than in order. */
  readonly news?: object;
  readonly writtenMs?: number;
  readonly isStopping?: boolean;
  readonly heartbeatSeconds?: number;
}

/** Writes a status as the agent does, as a file of this user. */
export async function tell(file: string, uid: number, told: Told = {}): Promise<PostureStatus> {
  const facts = { platform: 'linux', arch: 'x64', hostname: 'laptop', osVersion: '6.1', uid, userName: 'ada', bootId: 'b' };
  const status = collect(
    stateWith(told.news),
    { ...facts, heartbeatSeconds: told.heartbeatSeconds ?? 300 },
    { sequence: 0, findings: [], sha256: undefined },
    told.writtenMs ?? Date.now() - 120_000,
    told.isStopping ?? false,
  );
  await writePosture(file, status, undefined);
  if (me === 0) await chown(file, uid, uid);
  return status;
}

/** Runs the committed script under this shell; it must say nothing on stderr. */
export function runScript(
  name: keyof typeof scripts,
  at: string,
  shell = '/bin/sh',
): { readonly status: number | null; readonly out: string } {
  const { status, stdout, stderr } = spawnSync(shell, [join(repository, scripts[name].path), at], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  if (stderr !== '') throw new Error(`${name} said on stderr: ${stderr}`);
  return { status, out: stdout };
}
