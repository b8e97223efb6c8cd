// The AI hosts that run now for this user, and since when: by the names of their programs. Only processes of the same user with the same home count; one
// whose home can't be read counts as his. Linux reads /proc; macOS and Windows ask ps and PowerShell (unverified).
import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { uptime } from 'node:os';
import { promisify } from 'node:util';
import type { HostSpec, Platform } from '#contract/host.ts';

export interface RunningProcess {
  readonly pid: number;
  /** The program and its arguments. */
  readonly argv: readonly string[];
  /** Ms since 1970. */
  readonly startedAt: number;
}

export interface RunningHost {
  readonly host: string;
  readonly pid: number;
  readonly startedAt: number;
}

const run = promisify(execFile);
const askMs = 10_000;
const interpreter = /^(?:node|nodejs|bun|deno|electron|python[\d.]*)$/;
/** Of /proc/<pid>/stat: Linux counts in hundredths of a second everywhere that Node runs. */
const ticksPerSecond = 100;

/** The processes of these hosts. Throws nothing: where processes can't be listed none is known. */
export async function runningHosts(
  hosts: readonly HostSpec[],
  of: { readonly platform: Platform; readonly home: string },
): Promise<readonly RunningHost[]> {
  const names = new Set(hosts.flatMap(({ programs }) => programs));
  const processes = await list(of.platform, of.home, names).catch(() => []);
  return processes.flatMap(({ pid, argv, startedAt }) => {
    const name = programOf(argv);
    return hosts.filter(({ programs }) => programs.includes(name)).map(({ id }) => ({ host: id, pid, startedAt }));
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
  const bootAt = Date.now() - uptime() * 1000;
  const found = await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^\d+$/.test(name))
      .map(async (name): Promise<readonly RunningProcess[]> => {
        try {
          const folder = `/proc/${name}`;
          const argv = (await readFile(`${folder}/cmdline`, 'utf8')).split('\0').filter((arg) => arg !== '');
          if (!names.has(programOf(argv)) || (await stat(folder)).uid !== uid || !(await hasHome(folder, home))) return [];
          // The name in parentheses may hold anything, so the fields are counted from behind it: the start is the 22nd of all.
          const text = await readFile(`${folder}/stat`, 'utf8');
          const ticks = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
          return [{ pid: Number(name), argv, startedAt: bootAt + (ticks / ticksPerSecond) * 1000 }];
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
  const asked = await run('/bin/ps', ['-xo', 'pid=,lstart=,command='], { timeout: askMs, env: { LC_ALL: 'C' } });
  return asked.stdout.split('\n').flatMap((line) => {
    const [, pid, started = '', command = ''] = /^\s*(\d+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined ? [] : [{ pid: Number(pid), argv: command.split(' '), startedAt: Date.parse(started) }];
  });
}

async function listWindows(): Promise<readonly RunningProcess[]> {
  const script =
    'Get-Process | Where-Object { $_.Path } | ForEach-Object { "$($_.Id)|$(([DateTimeOffset]$_.StartTime).ToUnixTimeMilliseconds())|$($_.Path)" }';
  const asked = await run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', script], { timeout: askMs });
  return asked.stdout.split(/\r?\n/).flatMap((line) => {
    const [pid, startedAt, path] = line.split('|');
    return path === undefined ? [] : [{ pid: Number(pid), argv: [path], startedAt: Number(startedAt) }];
  });
}
