// The gateway server's program in one piece: some hundred files instead of a thousand, without types, so that it listens in half the time. Set-up runs it where a source
// has changed. Rule: it is only what the sources are. `made.mjs` names it no more once one of them has changed or a part of it is not as it was, and then the sources are
// run.
import { mkdir, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { bundleProgram } from './bundle.ts';

/** What is native or WebAssembly, and parts of ws and pg that nobody has. */
const external = ['better-sqlite3', 'bufferutil', 'rregex', 'utf-8-validate', 'pg-native'];
/** What it comes of beside its sources: npm's own note says which packages are installed. */
const around = [
  'package.json',
  'tsconfig.base.json',
  'contract/tsconfig.json',
  'gateway/tsconfig.json',
  'build/package/bundle.ts',
  'build/package/gateway.ts',
  'node_modules/.package-lock.json',
];
/** A file that was written while it was read, by a clock that may be this much off. */
const clockMs = 50;
/** So long, and so many, former ones stay once there is another: a gateway server that runs may yet load parts of its own. */
const keepForMs = 7 * 24 * 3_600_000;
const keepAtMost = 20;
/** A thread's program beside the file that starts it. */
const worker = /new URL\('([a-z-]+)\.ts', import\.meta\.url\)/g;

const root = await realpath(fileURLToPath(new URL('../..', import.meta.url)));
await makeGateway('out/gateway');

/** Writes `<folder>/<name>/cli.mjs` with its chunks and maps, and `<folder>/made.mjs`. */
async function makeGateway(folder: string): Promise<void> {
  const name = `${Date.now()}-${process.pid}`;
  const at = (file: string): string => join(root, folder, file);
  const making = at(`.making-${name}`);
  try {
    const sources = await bundled(making);
    await rename(making, at(name));
    const parts = (await readdir(at(name))).filter((part) => part.endsWith('.mjs'));
    const files = [...sources, ...(await asTheyAre(parts.map((part) => join(folder, name, part))))];
    await writeFile(at(`.made-${name}.mjs`), noteText(files, name));
    await rename(at(`.made-${name}.mjs`), at('made.mjs'));
    await removeFormer(join(root, folder), name);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

type File = readonly [path: string, size: number, mtimeMs: number];

/** The sources that it was made of. Again while somebody writes them. */
async function bundled(outDir: string): Promise<readonly File[]> {
  for (;;) {
    const began = Date.now() - clockMs;
    const files = await asTheyAre([...around, ...(await bundle(outDir))].toSorted());
    const ended = Date.now() + clockMs;
    // one of a clock that went ahead was not written meanwhile
    if (files.every(([, , mtimeMs]) => mtimeMs < began || mtimeMs > ended)) return files;
  }
}

async function asTheyAre(paths: readonly string[]): Promise<readonly File[]> {
  return await Promise.all(
    paths.map(async (path) => {
      const { size, mtimeMs } = await stat(join(root, path));
      return [path, size, mtimeMs] as const;
    }),
  );
}

/** The sources that it was made of. */
async function bundle(outDir: string): Promise<readonly string[]> {
  const sources: string[] = [];
  const at = (path: string): string => join(root, 'gateway', path);
  const threads: Plugin = {
    name: 'drawbridge:threads',
    enforce: 'pre',
    transform(code, id) {
      const here = code.replaceAll(worker, (_, name: string) => {
        this.emitFile({ type: 'chunk', id: join(dirname(id), `${name}.ts`), fileName: `${name}.mjs` });
        return `new URL('${name}.mjs', import.meta.url)`;
      });
      // no line is moved
      return here === code ? undefined : { code: here, map: null };
    },
    buildEnd() {
      const own = [...this.getModuleIds()].filter((id) => id.startsWith(`${root}${sep}`)).map((id) => relative(root, id));
      sources.push(...own.filter((path) => !path.startsWith('node_modules')));
      // what names no source would never be out of date
      if (!own.includes(join('gateway', 'cli.ts'))) throw new Error(`it was not made of the sources in ${root}`);
    },
  };
  await mkdir(outDir, { recursive: true });
  await bundleProgram({
    root,
    outDir,
    input: { cli: at('cli.ts') },
    external,
    pieces: { first: at('cli.ts'), main: at('serve.ts'), light: [at('workstation/signature-worker.ts')] },
    isMapped: true,
    plugins: [threads],
  });
  return sources;
}

/** One that was made long ago may have been the newest until now: its time runs from when the next was made. */
async function removeFormer(folder: string, newest: string): Promise<void> {
  const now = Date.now();
  const entries = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      // another set-up may be done with its own meanwhile
      const found = await stat(join(folder, name)).catch(() => undefined);
      return { name, madeAt: found?.mtimeMs ?? now };
    }),
  );
  const isUnfinished = (name: string): boolean => name.startsWith('.');
  const former = entries
    .filter(({ name }) => name !== newest && name !== 'made.mjs' && !isUnfinished(name))
    .toSorted((one, other) => other.madeAt - one.madeAt);
  const over = former.filter((_, index) => {
    const untilMs = former[index - 1]?.madeAt ?? now;
    return index >= keepAtMost || untilMs < now - keepForMs;
  });
  const left = entries.filter(({ name, madeAt }) => isUnfinished(name) && madeAt < now - keepForMs);
  for (const { name } of [...over, ...left]) await rm(join(folder, name), { recursive: true, force: true });
}

function noteText(files: readonly File[], name: string): string {
  return `// What the program was made of and consists of, by build/package/gateway.ts: path, size, and when it was written.
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const files = JSON.parse(${JSON.stringify(JSON.stringify(files))});

/** The program's address; undefined where one of these files has changed since. */
export const program = files.every(isAsItWas) ? new URL('${name}/cli.mjs', import.meta.url).href : undefined;

function isAsItWas([path, size, mtimeMs]) {
  const found = statSync(root + path, { throwIfNoEntry: false });
  return found?.size === size && found.mtimeMs === mtimeMs;
}
`;
}
