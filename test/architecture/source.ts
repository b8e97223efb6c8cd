// Reads the source files of a copy of the repository with a real parser: what each imports, exports and opens with.
// Nothing is looked for by pattern in the text, so that neither a comment nor a string is taken for an import.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSync } from 'vite';

export interface Import {
  readonly specifier: string;
  readonly line: number;
}
export interface Source {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  readonly hasDefaultExport: boolean;
  readonly readsEnvironment: boolean;
  readonly opensWithComment: boolean;
}
export type Node = Readonly<Record<string, unknown>> & { readonly type: string; readonly start: number; readonly end: number };

const folders = ['contract', 'gateway', 'bridge', 'main', 'renderer', 'build', 'test'];
const isSource = (name: string) => /\.(?:ts|tsx|mts|mjs)$/.test(name);

/** Every source file below the program folders and test, and the tools' own configuration at the root. */
export async function readSources(root: string): Promise<readonly Source[]> {
  const top = (await readdir(root)).filter(isSource);
  const below = await Promise.all(folders.map(async (folder) => await listFiles(root, folder)));
  const paths = [...top, ...below.flat().filter(isSource)].toSorted();
  return await Promise.all(paths.map(async (path) => readSource(path, await readFile(join(root, path), 'utf8'))));
}

/** All files of a folder, from the root of the repository; none where there is no such folder. */
export async function listFiles(root: string, folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replaceAll('\\', '/').replace(/^\/+/, ''));
}

function readSource(path: string, text: string): Source {
  const { program, errors } = parse(path, text);
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`);
  const imports: Import[] = [];
  let hasDefaultExport = false;
  let readsEnvironment = false;
  const importOf = (source: unknown) => {
    if (!isNode(source) || typeof source['value'] !== 'string') return;
    imports.push({ specifier: source['value'], line: text.slice(0, source.start).split('\n').length });
  };
  walk(program, (node) => {
    if (/^(?:ImportDeclaration|ImportExpression|TSImportType|Export(?:Named|All)Declaration)$/.test(node.type))
      importOf(node['source']);
    // `require` made by createRequire counts as an import too.
    if (
      node.type === 'CallExpression' &&
      /^require(?:\.resolve)?$/.test(nameOf(node['callee'])) &&
      Array.isArray(node['arguments'])
    )
      importOf(node['arguments'][0]);
    if (node.type === 'ExportDefaultDeclaration') hasDefaultExport = true;
    if (node.type === 'MemberExpression' && nameOf(node) === 'process.env') readsEnvironment = true;
  });
  return {
    path,
    lines: text.split('\n').length - 1,
    imports,
    hasDefaultExport,
    readsEnvironment,
    opensWithComment: /^(?:#!.*\n)?\/[/*]/.test(text),
  };
}

/** Parses TypeScript or JavaScript text by the name of its file. */
export function parse(path: string, text: string): { readonly program: Node; readonly errors: readonly { message: string }[] } {
  const { program, errors } = parseSync(path, text);
  if (!isNode(program)) throw new Error(`${path} does not parse`);
  return { program, errors };
}

/** Calls `visit` for every node of the tree, outermost first. */
export function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) walk(child, visit);
  }
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** `a`, or `a.b` for a member; empty for anything else. */
export function nameOf(node: unknown): string {
  if (!isNode(node)) return '';
  if (node.type === 'Identifier') return String(node['name']);
  return node.type === 'MemberExpression' ? `${nameOf(node['object'])}.${nameOf(node['property'])}` : '';
}
