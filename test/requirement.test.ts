// Promises and proofs, held against each other: no promise without proof, no proof of nothing, no mutation that would change nothing.
// Whether each mutation really makes its test fail is tried by `npm run prove`.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSources } from './architecture/source.ts';
import { type Proof, collectProofs, collectRequirements, proofsIn, testFilesOf } from './proof.ts';
import { proves } from './requirement.ts';

const root = join(import.meta.dirname, '..');

describe('the promises of this repository', () => {
  test('are each proven, and each proof is of a promise', async () => {
    proves('foundation.promise-proven', {
      file: 'test/requirement/foundation.ts',
      find: "id: 'foundation.count-line',",
      replace: "id: 'foundation.count-lines',",
    });
    const promised = (await collectRequirements(root)).map((requirement) => requirement.id);
    const proven = (await collectProofs(root)).map((proof) => proof.id);
    console.log(`requirements: ${promised.length} promises, ${proven.length} proofs`);
    expect(promised.length).toBeGreaterThan(0);
    expect(
      promised.filter((id, index) => promised.indexOf(id) !== index),
      'promised twice',
    ).toEqual([]);
    expect(
      promised.filter((id) => !proven.includes(id)),
      'promised without proof',
    ).toEqual([]);
    expect(
      proven.filter((id) => !promised.includes(id)),
      'proven without promise',
    ).toEqual([]);
  });

  test('are made where they say: in a document of ours, under a heading that is there, or in a named specification', async () => {
    const sources = new Set((await collectRequirements(root)).map((requirement) => requirement.source));
    const lost = await Promise.all([...sources].map(async (source) => ((await isFound(source)) ? undefined : source)));
    expect(lost.filter((source) => source !== undefined)).toEqual([]);
  });

  test('have proofs whose mutation changes one place, in a test that runs', async () => {
    const sources = await readSources(root);
    const faults = await Promise.all((await collectProofs(root)).map(async (proof) => await faultOf(proof, sources)));
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  });
});

/** A file of ours, or `X.md, a heading`; anything else names a specification. */
async function isFound(source: string): Promise<boolean> {
  const [, file, heading] = /^(\S+\.(?:md|ts))(?:, "?(.+?)"?)?$/.exec(source) ?? [];
  if (file === undefined) return /^MCP \d{4}-\d{2}-\d{2}, |^RFC \d+/.test(source);
  const text = await readFile(join(root, file), 'utf8').catch(() => undefined);
  const headings = text?.split('\n').filter((line) => line.startsWith('#')) ?? [];
  return text !== undefined && (!heading || headings.some((line) => line.toLowerCase().includes(heading.toLowerCase())));
}

async function faultOf(proof: Proof, sources: Awaited<ReturnType<typeof readSources>>): Promise<string | undefined> {
  const at = `${proof.file}:${proof.line}: the mutation of '${proof.id}'`;
  const { file, find, replace } = proof.mutation;
  const text = await readFile(join(root, file), 'utf8').catch(() => undefined);
  if (text === undefined) return `${at} is of ${file}, which is not there`;
  const times = text.split(find).length - 1;
  if (times !== 1) return `${at} has a 'find' that stands ${times} times in ${file}`;
  if (find === replace) return `${at} changes nothing`;
  return testFilesOf(proof, sources).length === 0 ? `${at} stands in a file that no test file imports` : undefined;
}

describe('a claim in a test file', () => {
  const claim = "proves('a.b', { file: 'x.ts', find: 'one ' + 'two', replace: `three` });";
  const names = (text: string) => proofsIn('test/x.test.ts', text).map((proof) => proof.namePattern);

  test('is read with its mutation and the full name of its test', () => {
    const [proof] = proofsIn(
      'test/x.test.ts',
      `describe('outer (a)', () => {\n  test('inner', () => {\n    ${claim}\n  });\n});`,
    );
    expect(proof).toEqual({
      id: 'a.b',
      mutation: { file: 'x.ts', find: 'one two', replace: 'three' },
      file: 'test/x.test.ts',
      line: 3,
      namePattern: String.raw`^outer \(a\) > inner$`,
    });
  });

  test('may stand in a test with a filled-in name, a condition or a table', () => {
    expect(names(`test.each([1])('costs %s at most', () => { ${claim} });`)).toEqual(['^costs .* at most$']);
    expect(names(`test.skipIf(no)('runs', () => { ${claim} });`)).toEqual(['^runs$']);
    expect(names(`describe(\`on \${kind}\`, () => { test('runs', async () => { ${claim} }); });`)).toEqual(['^on .* > runs$']);
    expect(names(`describe(kind, () => { test('runs', async () => { ${claim} }); });`)).toEqual(['^.* > runs$']);
  });

  test.each([
    ['outside a test', claim],
    ['with an id that is computed', "test('a', () => { proves(id, { file: 'x', find: 'a', replace: 'b' }); });"],
    ['with a mutation that is computed', "test('a', () => { proves('a.b', { file: 'x', find: text, replace: 'b' }); });"],
    ['without a mutation', "test('a', () => { proves('a.b'); });"],
  ])('%s is refused with its place', (_what, text) => {
    expect(() => proofsIn('test/x.test.ts', text)).toThrow('test/x.test.ts:1: ');
  });

  test('is not taken from a comment or a string', () => {
    expect(names(`// ${claim}\nconst text = "proves('a.b', {})";`)).toEqual([]);
  });
});
