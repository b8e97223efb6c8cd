// A program in few files that Node loads fast, by vite: made alike for the gateway server and the bridge. The rules: what is always loaded together is one piece, and of
// Node's own modules only what is used is loaded.
import { isBuiltin } from 'node:module';
import { type ESTree, type Plugin, type Rolldown, build } from 'vite';

export interface ProgramToBundle {
  readonly root: string;
  readonly outDir: string;
  /** The name of the file that is run, and its source. */
  readonly input: Readonly<Record<string, string>>;
  /** Packages that stay outside. */
  readonly external: readonly string[];
  readonly pieces: Pieces;
  /** With maps to the sources. */
  readonly isMapped?: boolean;
  readonly plugins?: readonly Plugin[];
}

/** Sources of the program by which it is divided. */
export interface Pieces {
  /** What is waited for at a start. */
  readonly main: string;
  /** What is loaded before anything else. */
  readonly first: string;
  /** What has to load fast by itself: no more than it needs. */
  readonly light: readonly string[];
}

/** Writes `<outDir>/<name>.mjs` with its chunks. */
export async function bundleProgram(of: ProgramToBundle): Promise<void> {
  const { root, outDir, external, isMapped = false } = of;
  let shared: ReadonlySet<string> = new Set();
  const dividing: Plugin = {
    name: 'drawbridge:pieces',
    buildEnd() {
      const modules = [...this.getModuleIds()].map((id) => this.getModuleInfo(id)).filter((found) => found !== null);
      shared = sharedOf(modules, of.pieces);
    },
  };
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    plugins: [...(of.plugins ?? []), dividing, builtins],
    ssr: { noExternal: true, external: [...external] },
    build: {
      ssr: true,
      target: 'node24',
      outDir,
      emptyOutDir: true,
      sourcemap: isMapped,
      rolldownOptions: {
        input: of.input,
        external: [...external],
        output: {
          format: 'es',
          entryFileNames: '[name].mjs',
          chunkFileNames: '[name]-[hash].mjs',
          sourcemapExcludeSources: true,
          codeSplitting: { groups: [{ debugName: 'shared', name: (id) => (shared.has(id) ? 'shared' : undefined) }] },
        },
      },
    },
  });
}

type Module = Pick<Rolldown.ModuleInfo, 'id' | 'importedIds' | 'dynamicallyImportedIds'>;

/**
 * What is loaded with `main`, and with `first` or with what is imported later too: one piece, where there would be up to ninety which take a third of a ms each.
 * What is loaded with those that are `light` is left out, or they would load all of it.
 */
function sharedOf(modules: readonly Module[], { main, first, light }: Pieces): ReadonlySet<string> {
  const byId = new Map(modules.map((of) => [of.id, of]));
  const loadedWith = (entries: readonly string[]): ReadonlySet<string> => {
    const reached = new Set(entries);
    for (const id of reached) for (const imported of byId.get(id)?.importedIds ?? []) reached.add(imported);
    return reached;
  };
  const later = modules.flatMap(({ dynamicallyImportedIds }) => dynamicallyImportedIds).filter((id) => id !== main);
  const byOthers = loadedWith([first, ...later]);
  const byLight = loadedWith(light);
  return new Set([...loadedWith([main])].filter((id) => byOthers.has(id) && !byLight.has(id)));
}

/**
 * Takes what is imported of Node's own modules from them as they are. To import one reads all that it exports, and some of that is made when it is first read:
 * `node:http` loads a WebSocket client and HTTP/2, `node:crypto` and `node:util` more of their own.
 */
const builtins: Plugin = {
  name: 'drawbridge:builtins',
  enforce: 'post',
  renderChunk(code) {
    let rest = code;
    for (const of of this.parse(code).body.toReversed())
      if (of.type === 'ImportDeclaration' && isBuiltin(of.source.value))
        rest = `${rest.slice(0, of.start)}${taking(of)}${rest.slice(of.end)}`;
    // no line is moved
    return { code: rest, map: null };
  },
};

/** The same names, without an import. */
function taking({ source, specifiers }: ESTree.ImportDeclaration): string {
  const from = `globalThis.process.getBuiltinModule(${JSON.stringify(source.value)})`;
  const whole = specifiers.flatMap((of) => (of.type === 'ImportSpecifier' ? [] : [`${of.local.name} = ${from}`]));
  const named = specifiers.flatMap((of) => (of.type === 'ImportSpecifier' ? [`${nameOf(of.imported)}: ${of.local.name}`] : []));
  const all = named.length === 0 ? whole : [...whole, `{ ${named.join(', ')} } = ${from}`];
  return all.length === 0 ? `${from};` : `const ${all.join(', ')};`;
}

const nameOf = (of: ESTree.ModuleExportName): string => (of.type === 'Literal' ? JSON.stringify(of.value) : of.name);
