// The gateway server's program in one piece: some hundred files instead of a thousand, without types, so that it listens in half the time. Set-up runs it where a source
// has changed. Rule: it is only what the sources are. `made.mjs` names it no more once one of them has changed, and then the sources are run.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Plugin, build } from 'vite';

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
/** A file that was written while it was read, by a clock that may be this much behind. */
const clockMs = 50;
/** So long former ones stay: a gateway server that runs may yet load parts of its own. */
const keepForMs = 7 * 24 * 3_600_000;
/** A thread's program beside the file that starts it. */
const worker = /new URL\('([a-z-]+)\.ts', import\.meta\.url\)/g;

const root = await realpath(fileURLToPath(new URL('../..', import.meta.url)));
await makeGateway(join(root, 'out/gateway'));

/** Writes `<folder>/<hash>/cli.mjs` with its chunks and maps, and `<folder>/made.mjs`. */
async function makeGateway(folder: string): Promise<void> {
  const making = join(folder, `.making-${process.pid}`);
  try {
    const { files, hash } = await bundled(making);
    const made = join(folder, hash);
    if (!existsSync(made)) await rename(making, made);
    const text = join(folder, `.made-${process.pid}.mjs`);
    await writeFile(text, noteText(files, hash));
    await rename(text, join(folder, 'made.mjs'));
    await removeFormer(folder, hash);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

type File = readonly [path: string, size: number, mtimeMs: number];

/** Again while somebody writes what it is made of. */
async function bundled(outDir: string): Promise<{ files: readonly File[]; hash: string }> {
  for (;;) {
    const began = Date.now() - clockMs;
    const paths = [...around, ...(await bundle(outDir))].toSorted();
    const hash = createHash('sha256');
    const files: File[] = [];
    for (const path of paths) {
      const { size, mtimeMs } = await stat(join(root, path));
      files.push([path, size, mtimeMs]);
      hash.update(`${path}\n`).update(await readFile(join(root, path)));
    }
    if (files.every(([, , mtimeMs]) => mtimeMs < began)) return { files, hash: hash.digest('hex').slice(0, 16) };
  }
}

/** The sources that it was made of. */
async function bundle(outDir: string): Promise<readonly string[]> {
  const sources: string[] = [];
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
        },
      },
    },
  });
  return sources;
}

async function removeFormer(folder: string, hash: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name === hash || name === 'made.mjs') continue;
    const { mtimeMs } = await stat(join(folder, name));
    if (mtimeMs < Date.now() - keepForMs) await rm(join(folder, name), { recursive: true });
  }
}

function noteText(files: readonly File[], hash: string): string {
  return `// What the program was made of, by build/package/gateway.ts: path, size, and when it was written.
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const files = JSON.parse(${JSON.stringify(JSON.stringify(files))});

/** The program's address; undefined where one of these files has changed since. */
export const program = files.every(isAsItWas) ? new URL('${hash}/cli.mjs', import.meta.url).href : undefined;

function isAsItWas([path, size, mtimeMs]) {
  const found = statSync(root + path, { throwIfNoEntry: false });
  return found?.size === size && found.mtimeMs === mtimeMs;
}
`;
}
