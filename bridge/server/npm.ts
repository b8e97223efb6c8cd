// `npx package`: the package is resolved once to files on this device, and what runs is `node <its script>`: no npx and no registry at run time.
// Searched: the profile's package roots, node_modules from the working directory up (npx's own look-up), what Drawbridge installed.
import { realpath } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { z } from 'zod';
import { readPlain, readPlainText } from '../plain-file.ts';
import { findInstalled, installPackage } from './install.ts';
import type { Recipe } from './launch.ts';
import type { Question, ResolveDeps } from './question.ts';

export interface NpmRequest {
  readonly name: string;
  /** Exact, or undefined for whatever is installed. */
  readonly version: string | undefined;
  /** Which of the package's commands; undefined where npx would choose. */
  readonly bin: string | undefined;
  readonly rest: readonly string[];
}

// No leading hyphen: npm would read such a name as an option.
const packageName = /^(?:@[a-z0-9~][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*$/i;
const exactVersion = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

/** What an npx (or npm exec) line asks for; undefined where it is another command. Throws where it cannot be read for certain. */
export function npmRequest(command: string, args: readonly string[]): NpmRequest | undefined {
  const isExec = command === 'npm' && (args[0] === 'exec' || args[0] === 'x');
  if (command !== 'npx' && !isExec) return undefined;
  const words = isExec ? args.slice(1) : [...args];
  let spec: string | undefined;
  while (words[0]?.startsWith('-')) {
    const flag = words.shift() ?? '';
    if (flag === '--') break;
    const [, inline] = /^--package=(.+)$/.exec(flag) ?? [];
    const named = inline ?? (flag === '-p' || flag === '--package' ? words.shift() : undefined);
    if (named !== undefined && spec === undefined) spec = named;
    else if (!['-y', '--yes', '-q', '--quiet', '--prefer-offline', '--offline'].includes(flag))
      throw new Error(`the option ${flag} of npx is not understood here: name one package and its arguments`);
  }
  const first = words.shift();
  if (first === undefined) throw new Error('npx is given no package');
  // npm takes its own "--" away; npx hands it on.
  if (isExec && words[0] === '--') words.shift();
  return { ...readSpec(spec ?? first), bin: spec === undefined ? undefined : first, rest: words };
}

function readSpec(spec: string): { name: string; version: string | undefined } {
  const at = spec.indexOf('@', 1);
  const name = at === -1 ? spec : spec.slice(0, at);
  const wanted = at === -1 ? 'latest' : spec.slice(at + 1);
  if (!packageName.test(name)) throw new Error(`"${spec}" is not the name of a registry package`);
  if (wanted === 'latest' || wanted === '') return { name, version: undefined };
  if (!exactVersion.test(wanted))
    throw new Error(`"${spec}" names a range or a tag: pin an exact version, such as ${name}@1.2.3, or leave it out`);
  return { name, version: wanted };
}

const Manifest = z.looseObject({
  name: z.string(),
  version: z.string(),
  bin: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
});
type Manifest = z.infer<typeof Manifest>;

export async function resolveNpm(request: NpmRequest, { cwd, deps, hasher }: Question): Promise<Recipe> {
  const found = await findPackage(request, cwd, deps);
  const { directory, manifest } = found;
  const entry = entryOf(manifest, request.bin);
  const script = await realpath(join(directory, entry));
  if (!script.startsWith(directory + sep)) throw new Error(`the command of ${manifest.name} lies outside of its package`);
  const flags = nodeFlags(await firstLine(script), manifest.name);
  const contentHash = await hasher.ofPackage(directory);
  return {
    kind: 'npm',
    identity: manifest.name,
    version: manifest.version,
    entry: relative(directory, script).replaceAll(sep, '/'),
    contentHash,
    shown: request.rest,
    file: deps.node,
    args: [...flags, script, ...request.rest],
    verify: async () => (await hasher.ofPackage(directory)) === contentHash,
  };
}

async function findPackage(
  { name, version }: NpmRequest,
  cwd: string,
  deps: ResolveDeps,
): Promise<{ directory: string; manifest: Manifest }> {
  for (const modules of [...deps.packageRoots.map((root) => join(root, 'node_modules')), ...upFrom(cwd)]) {
    const found = await readPackage(join(modules, name), name, version);
    if (found !== undefined) return found;
  }
  const wanted = version === undefined ? name : `${name}@${version}`;
  const installed = await findInstalled(name, version, deps.stateDir);
  if (installed === undefined && deps.install === 'never')
    throw new Error(
      `the package ${wanted} is not on this device, and the profile does not let it be installed. Ask your administrator`,
    );
  const directory = installed ?? (await installPackage(name, version, deps));
  const found = await readPackage(directory, name, version);
  if (found === undefined) throw new Error(`the installed package ${wanted} cannot be read at ${directory}`);
  return found;
}

function upFrom(directory: string): string[] {
  const places: string[] = [];
  for (let at = directory; ; at = dirname(at)) {
    places.push(join(at, 'node_modules'));
    if (at === dirname(at)) return places;
  }
}

/** The package in this directory, where it is that package at that version. A broken manifest counts as not there. */
async function readPackage(
  at: string,
  name: string,
  version: string | undefined,
): Promise<{ directory: string; manifest: Manifest } | undefined> {
  try {
    const directory = await realpath(at);
    const manifest = Manifest.parse(JSON.parse(await readPlainText(join(directory, 'package.json'))));
    const isIt = manifest.name === name && (version === undefined || manifest.version === version);
    return isIt ? { directory, manifest } : undefined;
  } catch {
    return undefined;
  }
}

// npx's rule: the only command, or the one that bears the package's own name.
function entryOf({ name, bin }: Manifest, wanted: string | undefined): string {
  const bins = typeof bin === 'string' ? { [name.replace(/^@[^/]+\//, '')]: bin } : (bin ?? {});
  const names = Object.keys(bins);
  const chosen = wanted ?? (names.length === 1 ? names[0] : name.replace(/^@[^/]+\//, ''));
  const entry = chosen !== undefined && Object.hasOwn(bins, chosen) ? bins[chosen] : undefined;
  if (entry === undefined)
    throw new Error(
      `the package ${name} has no command "${chosen ?? ''}"${names.length > 0 ? `, only ${names.join(', ')}` : ''}`,
    );
  return entry;
}

async function firstLine(script: string): Promise<string> {
  return (await readPlain(script)).toString('utf8', 0, 2000).split('\n')[0] ?? '';
}

/** Flags of a `#!` line that names node; refuses scripts for another program. */
function nodeFlags(line: string, name: string): readonly string[] {
  if (!line.startsWith('#!')) return [];
  const [, flags] = /^#!\s*(?:\S*\/env\s+(?:-S\s+)?)?(?:\S*\/)?node(?:js)?((?:\s+-\S+)*)\s*$/.exec(line) ?? [];
  if (flags === undefined) throw new Error(`the command of ${name} is no script for Node`);
  return flags.split(/\s+/).filter((flag) => flag !== '');
}
