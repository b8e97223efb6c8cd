// Judges source files by the table: which import is allowed, and the house rules that no tool checks.
// A file that no row covers is refused too, so that a new folder can't stand outside the architecture.
import { posix } from 'node:path';
import { doors, roots } from './door.ts';
import { type Layer, covers, layers } from './table.ts';
import type { Source } from './source.ts';

const longestFile = 400;
const forbiddenNames = /(?:^|[-/])(?:utils?|helpers?|lib|common|misc|services?|managers?|types|handlers?)(?:[-./]|$)/;

/** One line for each rule that a file breaks, with the file's name and what to do. */
export function check(sources: readonly Source[]): readonly string[] {
  return sources.flatMap((source) => [...checkImports(source), ...checkHouse(source)]);
}

function checkImports(source: Source): readonly string[] {
  if (isUnbound(source.path)) return [];
  const layer = layerOf(source.path);
  if (!layer) return [`${source.path}: no row of the import table (test/architecture/table.ts) covers it`];
  return source.imports.flatMap(({ specifier, line }) => {
    const why = refusal(source.path, layer, specifier);
    return why ? [`${source.path}:${line}: may not import '${specifier}': ${why}`] : [];
  });
}

/** Tests and the tools' configuration may import anything; nothing may import them. */
function isUnbound(path: string): boolean {
  return path.startsWith('test/') || !path.includes('/');
}

export function layerOf(path: string): Layer | undefined {
  return layers
    .filter((layer) => covers(layer.at, path))
    .toSorted((a, b) => b.at.length - a.at.length)
    .at(0);
}

function refusal(path: string, layer: Layer, specifier: string): string | undefined {
  if (specifier.startsWith('node:'))
    return layer.node === 'all' || layer.node.includes(specifier.slice(5))
      ? undefined
      : `${layer.at} does without Node's modules`;
  const ours = ourFile(path, specifier);
  if (ours !== undefined) {
    if (path.startsWith('contract/') === specifier.startsWith('#contract/') && ours.startsWith('contract/'))
      return 'the contract is imported as #contract/… from outside, and relatively from inside';
    return covers(layer.at, ours) || layer.ours.some((at) => covers(at, ours))
      ? undefined
      : `the table does not let ${layer.at} see it`;
  }
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  if (!layer.packages.includes(name)) return `the table gives ${layer.at} no package '${name}'`;
  const door = doors[name];
  return door && !door.some((at) => covers(at, path)) ? `the door of '${name}' is ${door.join(', ')}` : undefined;
}

/** The file of ours that a specifier means, from the root of the repository; undefined for a package. */
function ourFile(path: string, specifier: string): string | undefined {
  if (specifier.startsWith('#contract/')) return posix.join('contract', specifier.slice('#contract/'.length));
  return specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined;
}

function checkHouse(source: Source): readonly string[] {
  const broken: string[] = [];
  const isConfig = /^[^/]+\.config\.ts$/.test(source.path);
  const isTest = source.path.startsWith('test/');
  if (source.lines > longestFile)
    broken.push(`${source.path}: has ${source.lines} lines, and no file has more than ${longestFile}: split it by idea`);
  if (!source.opensWithComment) broken.push(`${source.path}: opens without a comment that says what it is for`);
  if (source.hasDefaultExport && !isConfig) broken.push(`${source.path}: has a default export; name it`);
  if (source.readsEnvironment && !isConfig && !isTest && !roots.includes(source.path))
    broken.push(`${source.path}: reads process.env, which only roots do; take what it needs as an argument`);
  if (forbiddenNames.test(source.path)) broken.push(`${source.path}: is named by a technique; name it by a noun of the domain`);
  return broken;
}
