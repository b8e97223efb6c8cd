// Where a host's config files lie on this machine: the templates of contract/host.ts filled in and their `*` matched. Bounded, and nothing is read.
import { readdir, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import type { HostSpec, Platform } from '#contract/host.ts';

export interface Surroundings {
  readonly home: string;
  readonly platform: Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const limit = 200;

/**
 * Every config path of a host: the fixed ones whether they are there or not, those with `*` where something matches. `withMissing`: also where only the
 * folder does, so that a file which is about to appear can be watched for.
 */
export async function placesOf(spec: HostSpec, around: Surroundings, withMissing = false): Promise<readonly string[]> {
  const found: string[] = [];
  for (const template of spec.files[around.platform]) {
    const filled = fillIn(template, around);
    if (filled === undefined) continue;
    const paths = filled.includes('*') ? await matches(filled, withMissing) : [filled];
    for (const path of paths) if (!found.includes(path) && found.length < limit) found.push(path);
  }
  return found;
}

/** Folders in which further config files of a host may appear: those before a `*`. */
export function foldersOf(spec: HostSpec, around: Surroundings): readonly string[] {
  const filled = spec.files[around.platform].flatMap((template) => fillIn(template, around) ?? []);
  return filled.filter((path) => path.includes('*')).map((path) => dirname(path.slice(0, path.indexOf('*') + 1)));
}

/** Whether the host seems to be there: one of its signs is, or the folder of one of its config files. */
export async function isInstalled(spec: HostSpec, around: Surroundings): Promise<boolean> {
  const signs = spec.signs?.flatMap((template) => fillIn(template, around) ?? []);
  return (await existing(signs ?? (await placesOf(spec, around)).map(dirname))).length > 0;
}

/** Undefined where the template needs a variable that is not set here. */
function fillIn(template: string, around: Surroundings): string | undefined {
  let isWhole = true;
  const filled = template.replace(/\$\{([^}]+)\}/g, (_, inside: string) => {
    const [variable, otherwise] = inside.split('|');
    const value = otherwise === undefined ? baseOf(variable ?? '', around) : redirected(variable ?? '', otherwise, around);
    isWhole &&= value !== undefined;
    return value ?? '';
  });
  return isWhole ? join(filled) : undefined;
}

/** `NAME|HOME/rest`: the environment may move the folder. */
function redirected(variable: string, otherwise: string, around: Surroundings): string | undefined {
  const [base, ...rest] = otherwise.split('/');
  const start = baseOf(base ?? '', around);
  return absolute(around.env[variable]) ?? (start === undefined ? undefined : join(start, ...rest));
}

function baseOf(name: string, { home, env, platform }: Surroundings): string | undefined {
  switch (name) {
    case 'HOME':
      return home;
    case 'XDG':
      return absolute(env['XDG_CONFIG_HOME']) ?? join(home, '.config');
    case 'APPSUP':
      return join(home, 'Library', 'Application Support');
    case 'APPDATA':
      return absolute(env['APPDATA']) ?? (platform === 'win32' ? join(home, 'AppData', 'Roaming') : undefined);
    case 'LOCALAPPDATA':
      return absolute(env['LOCALAPPDATA']) ?? (platform === 'win32' ? join(home, 'AppData', 'Local') : undefined);
    default:
      return undefined;
  }
}

function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

async function matches(path: string, withMissing: boolean): Promise<readonly string[]> {
  const parts = path.split(/[\\/]/);
  const at = parts.findIndex((part) => part.includes('*'));
  const folder = parts.slice(0, at).join('/') || '/';
  const [start = '', end = ''] = (parts[at] ?? '').split('*');
  const names = await readdir(folder).catch(() => []);
  const fits = names.filter((name) => name.length >= start.length + end.length && name.startsWith(start) && name.endsWith(end));
  const full = fits
    .sort()
    .slice(0, limit)
    .map((name) => [folder, name, ...parts.slice(at + 1)].join('/'));
  if (!full.some((candidate) => candidate.includes('*'))) return withMissing ? full : existing(full);
  return (await Promise.all(full.map((candidate) => matches(candidate, withMissing)))).flat();
}

/** Those of the paths where something lies. */
export async function existing(paths: readonly string[]): Promise<readonly string[]> {
  const isThere = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return paths.filter((_, index) => isThere[index]);
}
