// The architecture, checked on every source file: who imports whom, how long files are, what they are called.
// A guard that sees nothing passes everything, so this one says how much it saw and is shown forbidden imports that it must refuse.
import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { check, layerOf } from './architecture/check.ts';
import { readTable, tableRows } from './architecture/document.ts';
import { type Source, readSources } from './architecture/source.ts';
import { layers, programs } from './architecture/table.ts';
import { proves } from './requirement.ts';
import { type Scratch, copyRepository } from './scratch.ts';

const root = join(import.meta.dirname, '..');
const fewestModules = 60;

describe('the source files of this repository', () => {
  let sources: readonly Source[] = [];
  beforeAll(async () => {
    sources = await readSources(root);
  });

  test('keep the import table and the house rules', () => {
    proves('foundation.import-star', {
      file: 'gateway/call.ts',
      find: "import type { Fault } from '#contract/error.ts';",
      replace: "import type { Fault } from '#contract/error.ts';\nimport type {} from '../bridge/server/pool.ts';",
    });
    expect(check(sources)).toEqual([]);
  });

  test('were all seen: enough modules, and some of every program', () => {
    proves('foundation.guard-sees', {
      file: 'test/architecture/source.ts',
      find: "const folders = ['contract', 'gateway', 'bridge', 'main', 'renderer', 'build', 'test'];",
      replace: "const folders = ['contract', 'gateway', 'main', 'renderer', 'build', 'test'];",
    });
    const modules = sources.filter((source) => !source.path.startsWith('test/'));
    console.log(`architecture: saw ${modules.length} modules and ${sources.length - modules.length} files of tests`);
    expect(modules.length).toBeGreaterThan(fewestModules);
    for (const program of programs) {
      const seen = modules.some((source) => source.path.startsWith(`${program}/`));
      expect(seen, `modules of ${program}/`).toBe(true);
    }
    expect(modules.flatMap((source) => source.imports).length).toBeGreaterThan(modules.length);
  });

  test('give every row of the import table something to rule', () => {
    const ruled = new Set(sources.map((source) => layerOf(source.path)));
    expect(layers.filter((layer) => !ruled.has(layer)).map((layer) => layer.at)).toEqual([]);
  });

  test('can not form a cycle of folders: each row allows only rows above it', () => {
    const rowOf = (at: string) => layers.findIndex((layer) => layer === layerOf(at.endsWith('/') ? `${at}any.ts` : at));
    const upward = layers.flatMap((layer, row) =>
      layer.ours.filter((at) => !layer.at.startsWith(at) && rowOf(at) >= row).map((at) => `${layer.at} allows ${at}`),
    );
    expect(upward).toEqual([]);
  });

  test('are described by the table in ARCHITECTURE.md', async () => {
    proves('foundation.document-true', {
      file: 'test/architecture/table.ts',
      find: "{ at: 'bridge/socket/', ours: contract,",
      replace: "{ at: 'bridge/socket/', ours: [...contract, 'bridge/host/'],",
    });
    const shown = readTable(await readFile(join(root, 'ARCHITECTURE.md'), 'utf8'));
    expect(shown, 'stale: run `npm run generate`').toEqual(tableRows());
  });
});

describe('in a copy of the repository', () => {
  let scratch: Scratch;
  beforeAll(async () => {
    scratch = await copyRepository(root);
  });
  afterAll(async () => await scratch.close());

  /** Writes a file, checks the copy, and takes the file away again. */
  const withFile = async <T>(path: string, text: string, look: () => Promise<T>): Promise<T> => {
    const file = join(scratch.root, path);
    await writeFile(file, text);
    try {
      return await look();
    } finally {
      await rm(file);
    }
  };
  const complaints = async (path: string) => check(await readSources(scratch.root)).filter((line) => line.startsWith(`${path}:`));
  const tool = async (script: string, ...args: string[]) =>
    await new Promise<{ status: number; output: string }>((resolve) => {
      const file = join(root, 'node_modules', script);
      execFile(process.execPath, [file, ...args], { cwd: scratch.root, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
        resolve({ status: error ? 1 : 0, output: stdout + stderr }),
      );
    });

  const foreign = "// Planted.\nimport type { Pool } from '../../bridge/server/pool.ts';\nexport type Planted = Pool;\n";
  const planted = 'gateway/policy/planted.ts';

  test('an import of another program is refused by this check, by oxlint and by the compiler', async () => {
    proves('foundation.guard-refuses', {
      file: 'test/architecture/check.ts',
      find: 'return covers(layer.at, ours) || layer.ours.some((at) => covers(at, ours))',
      replace: 'return ours.length > 0',
    });
    await withFile(planted, foreign, async () => {
      expect(await complaints(planted)).toEqual([expect.stringContaining("may not import '../../bridge/server/pool.ts'")]);

      const lint = await tool('oxlint/bin/oxlint', planted);
      expect(lint).toMatchObject({ status: 1, output: expect.stringContaining('no-restricted-imports') });

      const compiled = await tool('typescript/bin/tsc', '-b', 'gateway');
      expect(compiled.status).toBe(1);
      expect(compiled.output).toMatch(/TS6307|TS6059/);
      expect(compiled.output).toContain('bridge/server/pool.ts');
    });
  });

  test.each([
    ['an inner layer below it', "import type { Store } from '../store/store.ts';\nexport type A = Store;"],
    ['an inner layer, dynamically', "export const a = () => import('../store/store.ts');"],
    ['an inner layer, by a type query', "export type A = import('../store/store.ts').Store;"],
    ['an inner layer, by re-exporting it', "export type { Store } from '../store/store.ts';"],
    ['a package that has its door elsewhere', "import Database from 'better-sqlite3';\nexport const a = Database;"],
    ["Node's modules in a pure folder", "import { readFile } from 'node:fs/promises';\nexport const a = readFile;"],
  ])('an import of %s is refused', async (_what, text) => {
    await withFile(planted, `// Planted.\n${text}\n`, async () => {
      expect(await complaints(planted)).toEqual([expect.stringContaining('may not import')]);
    });
  });

  test.each([
    [planted, `// Planted.\n${'\n'.repeat(400)}`, 'has 401 lines'],
    [planted, 'export const a = 1;\n', 'opens without a comment'],
    [planted, '// Planted.\nexport default 1;\n', 'default export'],
    [planted, "// Planted.\nexport const a = process.env['HOME'];\n", 'reads process.env'],
    ['gateway/policy/utils.ts', '// Planted.\n', 'named by a technique'],
  ])('%s with a broken house rule is refused (%#)', async (path, text, complaint) => {
    proves('foundation.short-files', {
      file: 'test/architecture/check.ts',
      find: 'const longestFile = 400;',
      replace: 'const longestFile = 500;',
    });
    await withFile(path, text, async () => {
      expect(await complaints(path)).toEqual([expect.stringContaining(complaint)]);
    });
  });

  test('a folder that no row of the table covers is refused', async () => {
    await withFile('gateway/stray.ts', '// Planted.\n', async () => {
      expect(await complaints('gateway/stray.ts')).toEqual([]);
    });
    expect(layerOf('gateway/elsewhere/stray.ts')).toBeUndefined();
  });
});
