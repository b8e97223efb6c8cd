// The gateway server's program in one piece: some hundred files instead of a thousand, without types, so that it listens in half the time. Set-up runs it where a source
// has changed. Rule: it is only what the sources are. `made.mjs` names it no more once one of them has changed or a part of it is not as it was, and then the sources are
// run.
import { mkdir, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Plugin, type Rolldown, build } from 'vite';

/** What is native or WebAssembly, and parts of ws and pg that nobody has. */
const external = ['better-sqlite3', 'bufferutil', 'rregex', 'utf-8-validate', 'pg-native'];
/** What it comes of beside its sources: npm's own note says which packages are installed. */
const around = [
  'package.json',
  'tsconfig.base.json',
  'contract/tsconfig.json',
  'gateway/tsconfig.json',
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
  let shared: ReadonlySet<string> = new Set();
  const parts: Plugin = {
    name: 'drawbridge:parts',
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
      shared = sharedOf([...this.getModuleIds()].map((id) => this.getModuleInfo(id)).filter((found) => found !== null));
    },
  };
  await mkdir(outDir, { recursive: true });
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    plugins: [parts],
    ssr: { noExternal: true, external },
    build: {
      ssr: true,
      target: 'node24',
      outDir,
      emptyOutDir: true,
      sourcemap: true,
      rolldownOptions: {
        input: { cli: join(root, 'gateway/cli.ts') },
        external,
        output: {
          format: 'es',
          entryFileNames: '[name].mjs',
          chunkFileNames: '[name]-[hash].mjs',
          sourcemapExcludeSources: true,
          codeSplitting: { groups: [{ name: (id) => (shared.has(id) ? 'shared' : undefined) }] },
        },
      },
    },
  });
  return sources;
}

type Module = Pick<Rolldown.ModuleInfo, 'id' | 'importedIds' | 'dynamicallyImportedIds'>;

/**
 * What a gateway server loads before it listens, and other commands and its later parts do too: one piece, where there would be ninety which take a third of a ms each.
 * What a thread runs is left out, or the thread would load all of it.
 */
function sharedOf(modules: readonly Module[]): ReadonlySet<string> {
  const byId = new Map(modules.map((of) => [of.id, of]));
  const loadedWith = (entries: readonly string[]): ReadonlySet<string> => {
    const reached = new Set(entries);
    for (const id of reached) for (const imported of byId.get(id)?.importedIds ?? []) reached.add(imported);
    return reached;
  };
  const serve = join(root, 'gateway/serve.ts');
  const entries = modules.flatMap(({ dynamicallyImportedIds }) => dynamicallyImportedIds).filter((id) => id !== serve);
  const byOthers = loadedWith([join(root, 'gateway/cli.ts'), ...entries]);
  const byThread = loadedWith([join(root, 'gateway/workstation/signature-worker.ts')]);
  return new Set([...loadedWith([serve])].filter((id) => byOthers.has(id) && !byThread.has(id)));
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
