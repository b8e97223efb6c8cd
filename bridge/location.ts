// Where the bridge keeps its own things on each platform. Pure, so that the CLI, the agent and the shim agree; macOS and Windows are unverified.
import { createHash } from 'node:crypto';
import { isAbsolute, join, resolve } from 'node:path';
import { stateFolder } from '#contract/state-folder.ts';

export interface Place {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The user's state directory where --state names no other. */
export function defaultStateDir(place: Place): string {
  return join(...stateFolder(place));
}

/** The name of our entries in the OS's secret store: each state directory has its own, or two agents of one user would share keys. */
export function secretService(stateDir: string): string {
  return `dev.drawbridge.companion/${createHash('sha256').update(stateDir).digest('hex').slice(0, 16)}`;
}

/** What the entries of AI hosts name: the same path whatever version is installed. */
export function launcherPath(stateDir: string): string {
  return join(stateDir, 'bin', 'drawbridge');
}

/** Where an installed app keeps what runs without Electron, below its resources: made by build/package/runtime.ts, and the same in every version. */
export function runtimeIn(resources: string, platform: NodeJS.Platform): { readonly node: string; readonly cli: string } {
  const at = (...path: string[]): string => join(resources, 'bridge', ...path);
  return { node: at('bin', platform === 'win32' ? 'node.exe' : 'node'), cli: at('program', 'launch.mjs') };
}

/**
 * The environment in which the hosts' files are looked for: the user's own where their own home is managed. For another home (--home) none of it counts,
 * because a variable such as XDG_CONFIG_HOME would lead back to the files of the user who started us.
 */
export function hostEnvironment(home: string, ownHome: string, env: Place['env']): Place['env'] {
  return home === ownHome ? env : {};
}

/** The parts of the device, as absolute paths. */
export interface Device {
  readonly stateDir: string;
  /** It is the user's own, not one that was named. */
  readonly isDefaultState: boolean;
  /** The home whose hosts are managed, and the one of the user who runs this. */
  readonly home: string;
  readonly ownHome: string;
  /** A profile for where IT's own is not there. */
  readonly profileFile: string | undefined;
}

/** The parts that options name (--state, --home, --profile), and the platform's own places for the others. */
export function deviceOf(
  flags: { readonly state?: string | undefined; readonly home?: string | undefined; readonly profile?: string | undefined },
  around: Place & { readonly directory: string },
): Device {
  const absolute = (path: string): string => (isAbsolute(path) ? path : resolve(around.directory, path));
  const own = defaultStateDir(around);
  const stateDir = flags.state === undefined ? own : absolute(flags.state);
  return {
    stateDir,
    isDefaultState: stateDir === own,
    home: flags.home === undefined ? around.home : absolute(flags.home),
    ownHome: around.home,
    profileFile: flags.profile === undefined ? undefined : absolute(flags.profile),
  };
}
