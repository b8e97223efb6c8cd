// Collects the promises of test/requirement/ and the proofs that tests claim by proves(id, mutation), read statically from their text.
// A claim must be readable without running it: literal strings, inside a named test.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { type Node, type Source, isNode, listFiles, nameOf, parse } from './architecture/source.ts';
import type { Mutation, Requirement } from './requirement.ts';

export interface Proof {
  readonly id: string;
  readonly mutation: Mutation;
  /** The file that the claim stands in: a test file, or a suite that test files share. */
  readonly file: string;
  readonly line: number;
  /** Matches the full name of the test, as vitest's `-t` takes it. */
  readonly namePattern: string;
}

const requirementList = z.array(
  z.strictObject({ id: z.string().regex(/^[a-z0-9-]+\.[a-z0-9-]+$/), promise: z.string().min(10), source: z.string().min(3) }),
);

/** Every promise, in the order of the files' names. */
export async function collectRequirements(root: string): Promise<readonly Requirement[]> {
  const files = (await listFiles(root, 'test/requirement')).filter((file) => file.endsWith('.ts')).toSorted();
  const lists = await Promise.all(
    files.map(async (file) => {
      const module: unknown = await import(pathToFileURL(join(root, file)).href);
      return Object.values(z.record(z.string(), requirementList).parse({ ...z.object({}).loose().parse(module) })).flat();
    }),
  );
  return lists.flat();
}

/** Every proof that a test claims, in the order of the files. Throws where a claim can't be read. */
export async function collectProofs(root: string): Promise<readonly Proof[]> {
  const files = (await listFiles(root, 'test'))
    .filter((file) => file.endsWith('.ts') && file !== 'test/requirement.ts')
    .toSorted();
  const proofs = await Promise.all(files.map(async (file) => proofsIn(file, await readFile(join(root, file), 'utf8'))));
  return proofs.flat();
}

/** The proofs in one file's text. */
export function proofsIn(file: string, text: string): readonly Proof[] {
  if (!text.includes('proves(')) return [];
  const proofs: Proof[] = [];
  visit(parse(file, text).program, []);
  return proofs;

  function visit(node: Node, around: readonly Node[]): void {
    if (node.type === 'CallExpression' && nameOf(node['callee']) === 'proves') proofs.push(proofOf(node, around));
    const inside = node.type === 'CallExpression' ? [...around, node] : around;
    for (const value of Object.values(node))
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, inside);
  }

  function proofOf(call: Node, around: readonly Node[]): Proof {
    const line = text.slice(0, call.start).split('\n').length;
    const fail = (why: string) => new Error(`${file}:${line}: ${why}`);
    const [id, mutation] = argumentsOf(call).map((argument) => valueOf(argument));
    if (typeof id !== 'string' || typeof mutation !== 'object')
      throw fail("proves() takes literals: proves('id', { file, find, replace })");
    const { file: target, find, replace } = mutation;
    if (target === undefined || find === undefined || replace === undefined)
      throw fail('a mutation is literal strings: { file, find, replace }');
    const isTest = around.some((one) => /^(?:test|it)$/.test(kindOf(one)));
    if (!isTest) throw fail('proves() stands inside the test that proves');
    const names = around.filter((one) => /^(?:describe|test|it)$/.test(kindOf(one))).map((one) => patternOf(argumentsOf(one)[0]));
    return { id, mutation: { file: target, find, replace }, file, line, namePattern: `^${names.join(' > ')}$` };
  }
}

/** The test files that run a claim: its own, or those that import the suite it stands in. */
export function testFilesOf(proof: Proof, sources: readonly Source[]): readonly string[] {
  if (proof.file.endsWith('.test.ts')) return [proof.file];
  const name = proof.file.slice(proof.file.lastIndexOf('/'));
  return sources
    .filter((source) => source.path.endsWith('.test.ts') && source.imports.some((one) => `/${one.specifier}`.endsWith(name)))
    .map((source) => source.path);
}

const argumentsOf = (call: Node): readonly Node[] => (Array.isArray(call['arguments']) ? call['arguments'].filter(isNode) : []);

/** `test` for test(…), test.skipIf(…)(…), test.each(…)(…); likewise `describe`. */
function kindOf(call: Node): string {
  const callee = call['callee'];
  if (isNode(callee) && callee.type === 'CallExpression') return kindOf(callee);
  if (isNode(callee) && callee.type === 'TaggedTemplateExpression') return nameOf(callee['tag']).split('.')[0] ?? '';
  return nameOf(callee).split('.')[0] ?? '';
}

/** A literal string, a concatenation of them, or an object of them; undefined for anything else. */
function valueOf(node: unknown): string | Readonly<Record<string, string>> | undefined {
  if (!isNode(node)) return undefined;
  if (node.type !== 'ObjectExpression') return textOf(node);
  const properties = Array.isArray(node['properties']) ? node['properties'].filter(isNode) : [];
  const entries = properties.map((property) => [nameOf(property['key']), textOf(property['value'])] as const);
  return Object.fromEntries(entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
}

function textOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Literal' && typeof node['value'] === 'string') return node['value'];
  if (node.type === 'BinaryExpression' && node['operator'] === '+') {
    const [left, right] = [textOf(node['left']), textOf(node['right'])];
    return left === undefined || right === undefined ? undefined : left + right;
  }
  const pieces = node.type === 'TemplateLiteral' ? quasisOf(node) : [];
  return pieces.length === 1 ? pieces[0] : undefined;
}

function quasisOf(template: Node): readonly string[] {
  const shape = z.array(z.object({ value: z.object({ cooked: z.string() }) })).safeParse(template['quasis']);
  return shape.success ? shape.data.map((quasi) => quasi.value.cooked) : [];
}

/** A test's name as a pattern: what is filled in when it runs (`${…}`, `%s`, `$name`) may be anything. */
function patternOf(node: Node | undefined): string {
  const pieces = node?.type === 'TemplateLiteral' ? quasisOf(node) : [textOf(node) ?? '\0'];
  const escape = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
  const open = (text: string) => text.replaceAll(/%[sdifjo#%$]|(?<!\w)\$[A-Za-z_][\w.]*|\0/g, '\u0001');
  return pieces
    .map((piece) => open(piece))
    .join('\u0001')
    .split('\u0001')
    .map((piece) => escape(piece))
    .join('.*');
}
