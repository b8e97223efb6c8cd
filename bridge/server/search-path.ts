// Where commands are looked up. An agent that a desktop session started has a bare PATH, so the login shell is asked once, and places that
// version managers use are added. Of our own PATH, package folders of whoever started us are left out: they would decide which server runs.
import { access, constants, readdir, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { runTool } from './tool.ts';
import { windowsNames } from './windows.ts';

export interface SearchPathDeps {
  readonly home: string;
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's login shell, absolute; undefined where there is none (Windows). */
  readonly shell: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const shellDeadlineMs = 5000;
const systemPath = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];
const marker = '__DRAWBRIDGE_PATH__';

/** Absolute directories that exist, in the order in which they are searched: the login shell's, our own PATH's, known places. */
export async function searchPath(deps: SearchPathDeps): Promise<readonly string[]> {
  const own = (deps.env['PATH'] ?? deps.env['Path'] ?? '').split(delimiter).filter((place) => !isOfSomePackage(place));
  const found = [...(await askShell(deps)), ...own, ...(await knownPlaces(deps))];
  const unique = [...new Set(found)].filter((place) => isAbsolute(place));
  const exists = await Promise.all(unique.map(isDirectory));
  return unique.filter((_, index) => exists[index]);
}

/** The absolute path of a command: as given where it is a path, else the first executable of that name. */
export async function findExecutable(
  command: string,
  of: { searchPath: readonly string[]; cwd: string; platform: NodeJS.Platform; pathExtensions?: string | undefined },
): Promise<string | undefined> {
  const names = of.platform === 'win32' ? windowsNames(command, of.pathExtensions ?? '.COM;.EXE;.BAT;.CMD') : [command];
  const isPath = command.includes('/') || (of.platform === 'win32' && command.includes('\\'));
  const places = isPath ? [of.cwd] : of.searchPath;
  for (const place of places)
    for (const name of names) {
      const file = isAbsolute(name) ? name : join(place, name);
      if (await isExecutable(file)) return file;
    }
  return undefined;
}

// The shell starts from a bare PATH, so that what it prints is what the user's own start-up files say. They may print more than we ask for.
async function askShell({ home, shell, env, platform, signal }: SearchPathDeps): Promise<readonly string[]> {
  if (shell === undefined || platform === 'win32') return [];
  const keep = ['USER', 'LOGNAME', 'LANG', 'TMPDIR'].flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]));
  try {
    const { stdout } = await runTool({
      file: shell,
      args: ['-lc', `printf '${marker}%s${marker}' "$PATH"`],
      cwd: home,
      env: { ...Object.fromEntries(keep), HOME: home, SHELL: shell, TERM: 'dumb', PATH: systemPath.join(':') },
      deadlineMs: shellDeadlineMs,
      signal,
    });
    return stdout.split(marker)[1]?.split(':') ?? [];
  } catch {
    // A shell that hangs or fails leaves the known places.
    return [];
  }
}

async function knownPlaces({ home, platform, env }: SearchPathDeps): Promise<readonly string[]> {
  if (platform === 'win32') {
    const under = (name: string, ...rest: string[]): string[] => (env[name] === undefined ? [] : [join(env[name], ...rest)]);
    return [
      ...under('ProgramFiles', 'nodejs'),
      ...under('APPDATA', 'npm'),
      ...under('ProgramFiles', 'Docker', 'Docker', 'resources', 'bin'),
      join(home, '.local', 'bin'),
      ...under('SystemRoot', 'System32'),
    ];
  }
  const inHome = [
    '.local/bin',
    '.volta/bin',
    '.asdf/shims',
    '.local/share/mise/shims',
    '.local/share/fnm/aliases/default/bin',
    '.fnm/aliases/default/bin',
    'Library/Application Support/fnm/aliases/default/bin',
    '.pyenv/shims',
    '.cargo/bin',
    '.bun/bin',
    '.deno/bin',
    '.npm-global/bin',
    '.docker/bin',
    '.orbstack/bin',
    '.rd/bin',
  ];
  return [
    ...inHome.map((place) => join(home, place)),
    ...(await nvmPlaces(home)),
    '/opt/homebrew/bin',
    '/home/linuxbrew/.linuxbrew/bin',
    '/opt/local/bin',
    '/snap/bin',
    '/Applications/Docker.app/Contents/Resources/bin',
    ...systemPath,
  ];
}

// Newest first: nvm has no folder for its default.
async function nvmPlaces(home: string): Promise<readonly string[]> {
  const versions = join(home, '.nvm', 'versions', 'node');
  const names = await readdir(versions).catch(() => []);
  return names.toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true })).map((name) => join(versions, name, 'bin'));
}

function isOfSomePackage(place: string): boolean {
  return /[/\\]node_modules[/\\]/.test(`${place}/`) || place.endsWith('node-gyp-bin');
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
