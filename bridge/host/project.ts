// Config files in projects' folders: found below the folders that IT names and in those that a host knows as projects. Bounded in depth and number, and no
// symlink is followed. Such files lie in repositories that others share, so they are reported, and changed only where the profile says so.
import { readdir, realpath } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { HostSpec } from '#contract/host.ts';
import { formatOf } from './format.ts';
import { readConfig } from './file.ts';
import type { Surroundings } from './place.ts';
import { existing, placesOf } from './place.ts';
import { isPlain } from './edit/verify.ts';

export interface Projects {
  /** Absolute, or below the home with a leading `~/`. */
  readonly roots: readonly string[];
  readonly mode: 'report' | 'converge';
}

export interface ProjectFile {
  readonly spec: HostSpec;
  readonly path: string;
  /** The project's folder: the file must not lie outside it. */
  readonly folder: string;
}

const maxDepth = 5;
const maxFolders = 5_000;
const maxFiles = 500;
const skipped: ReadonlySet<string> = new Set(['node_modules', '.git', '.cache', '.venv', 'venv', 'target', 'dist']);

export async function projectFiles(
  hosts: readonly HostSpec[],
  around: Surroundings,
  { roots }: Projects,
): Promise<readonly ProjectFile[]> {
  const found: ProjectFile[] = [];
  const seen = new Set<string>();
  for (const folder of [...(await listedFolders(hosts, around)), ...(await foldersBelow(roots, around.home))]) {
    const real = await realpath(folder).catch(() => undefined);
    if (real === undefined || seen.has(real)) continue;
    seen.add(real);
    for (const spec of hosts)
      for (const path of await existing(spec.projectFiles.map((name) => join(folder, name))))
        if (found.length < maxFiles) found.push({ spec, path, folder });
  }
  return found;
}

/** Folders that hosts themselves know as projects. */
async function listedFolders(hosts: readonly HostSpec[], around: Surroundings): Promise<readonly string[]> {
  const listed: string[] = [];
  for (const spec of hosts) {
    if (spec.projectsKey === undefined) continue;
    for (const path of await placesOf(spec, around)) {
      const file = await readConfig(path, around.home);
      const reading = 'text' in file ? formatOf(spec).read(file.text, spec.keys) : undefined;
      const projects = reading?.ok === true ? reading.root[spec.projectsKey] : undefined;
      if (isPlain(projects)) listed.push(...Object.keys(projects).filter(isAbsolute).slice(0, maxFiles));
    }
  }
  return listed;
}

/** The roots and what lies below them, level by level, so that the bound leaves out what lies deepest. */
async function foldersBelow(roots: readonly string[], home: string): Promise<readonly string[]> {
  const found: string[] = [];
  let level = roots.map((root) => (root.startsWith('~/') ? join(home, root.slice(2)) : root)).filter(isAbsolute);
  for (let depth = 0; depth <= maxDepth && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (found.length >= maxFolders) return found;
      found.push(folder);
      const children = await readdir(folder, { withFileTypes: true }).catch(() => []);
      for (const child of children)
        if (child.isDirectory() && !child.name.startsWith('.') && !skipped.has(child.name)) next.push(join(folder, child.name));
    }
    level = next;
  }
  return found;
}
