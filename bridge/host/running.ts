// The AI hosts that run now for this user: by the names of their programs. Only processes of the same user with the same home count; one
// whose home can't be read counts as his. Linux reads /proc; macOS and Windows ask ps and PowerShell (unverified).
// Rule: a process is told from all others by what the system noted at its start, which no setting of the clock moves; it is compared, never counted with.
import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { HostSpec, Platform } from '#contract/host.ts';
import { startOf } from '../lock.ts';

interface RunningProcess {
  /** The program and its arguments. */
  readonly argv: readonly string[];
  /** Names this one process, also after the next boot, when others have its number. */
  readonly start: string;
}

export interface RunningHost {
  readonly host: string;
  readonly start: string;
}

const run = promisify(execFile);
const askMs = 10_000;
const interpreter = /^(?:node|nodejs|bun|deno|electron|python[\d.]*)$/;

/** The processes of these hosts. Throws nothing: where processes can't be listed none is known. */
export async function runningHosts(
  hosts: readonly HostSpec[],
  of: { readonly platform: Platform; readonly home: string },
): Promise<readonly RunningHost[]> {
  const names = new Set(hosts.flatMap(({ programs }) => programs));
  const processes = await list(of.platform, of.home, names).catch(() => []);
  return processes.flatMap(({ argv, start }) => {
    const name = programOf(argv);
    return hosts.filter(({ programs }) => programs.includes(name)).map(({ id }) => ({ host: id, start }));
  });
}

/** The base name of what runs: the program, or the script that an interpreter runs. */
export function programOf(argv: readonly string[]): string {
  const [program = '', ...args] = argv;
  const name = baseName(program).replace(/\.exe$/i, '');
  if (!interpreter.test(name)) return name;
  const script = args.find((arg) => !arg.startsWith('-'));
  return script === undefined ? name : baseName(script).replace(/\.(?:[cm]?js|py)$/, '');
}

function baseName(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? '';
}

/** `names`: programs that are of interest; others may be left out. */
function list(platform: Platform, home: string, names: ReadonlySet<string>): Promise<readonly RunningProcess[]> {
  switch (platform) {
    case 'linux':
      return listLinux(home, names);
    case 'darwin':
      return listDarwin();
    case 'win32':
      return listWindows();
  }
}

async function listLinux(home: string, names: ReadonlySet<string>): Promise<readonly RunningProcess[]> {
  const uid = process.getuid?.();
  const found = await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^\d+$/.test(name))
      .map(async (name): Promise<readonly RunningProcess[]> => {
        try {
          const folder = `/proc/${name}`;
          const argv = (await readFile(`${folder}/cmdline`, 'utf8')).split('\0').filter((arg) => arg !== '');
          if (!names.has(programOf(argv)) || (await stat(folder)).uid !== uid || !(await hasHome(folder, home))) return [];
          return [{ argv, start: `${name}:${await startOf(Number(name))}` }];
        } catch {
          return []; // it ended meanwhile
        }
      }),
  );
  return found.flat();
}

async function hasHome(folder: string, home: string): Promise<boolean> {
  const environment = await readFile(`${folder}/environ`, 'utf8').catch(() => undefined);
  if (environment === undefined || environment === '') return true;
  return environment.split('\0').includes(`HOME=${home}`);
}

async function listDarwin(): Promise<readonly RunningProcess[]> {
  const asked = await run('/bin/ps', ['-xo', 'pid=,lstart=,command='], { timeout: askMs, env: { LC_ALL: 'C', TZ: 'UTC' } });
  return asked.stdout.split('\n').flatMap((line) => {
    const [, pid, started = '', command = ''] = /^\s*(\d+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined ? [] : [{ argv: command.split(' '), start: `${pid}:${started}` }];
  });
}

async function listWindows(): Promise<readonly RunningProcess[]> {
  const script =
    'Get-Process | Where-Object { $_.Path } | ForEach-Object { "$($_.Id):$($_.StartTime.ToFileTimeUtc())|$($_.Path)" }';
  const asked = await run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', script], { timeout: askMs });
  return asked.stdout.split(/\r?\n/).flatMap((line) => {
    const [start = '', path] = line.split('|');
    return path === undefined ? [] : [{ argv: [path], start }];
  });
}
