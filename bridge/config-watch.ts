// Watches the AI hosts' config files and says when one was changed by somebody else. What counts is the content: a file whose bytes we know, or wrote ourselves,
// is no news. Rule: a change is told once it has been quiet for a moment, so that a burst is one and a half-written file is not read. Where the system gives no
// watch, contents are compared from time to time instead.
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Logger } from 'pino';
import type { Content } from './host/file.ts';
import { contentOf, isInside } from './host/file.ts';
import { writtenBy } from './host/ledger.ts';

export interface ConfigWatchDeps {
  readonly stateDir: string;
  /** Folders are watched up to here: any of them may be exchanged for another. */
  readonly home: string;
  /** Every path that may hold a config now, and folders where new ones may appear. */
  places(): Promise<{ readonly files: readonly string[]; readonly folders: readonly string[] }>;
  readonly onDrift: () => void;
  readonly logger: Logger;
  /** Absent: Node's own. Throws where the system gives no watch. */
  readonly watch?: typeof watch;
}

export interface ConfigWatch {
  /** Path -> what is known to stand there, as knownAs names it, undefined where nothing does. Called after each scan. */
  follow(files: ReadonlyMap<string, string | undefined>): Promise<void>;
  close(): void;
}

/** A writer that pauses for longer than this is taken to be done. */
const quietMs = 60;
/** A file that never gets quiet is looked at all the same. */
const patienceMs = 400;
/** How often contents are compared where a directory can't be watched. */
const blindMs = 500;

interface Watched {
  readonly watcher: FSWatcher;
  /** Of the directory itself: another one under the same path must be watched anew. */
  readonly inode: number;
}

/** A file by its content, and by whether it may be written: one that may be again can be set right. */
export function knownAs(content: Pick<Content, 'sha256' | 'isReadonly'> | undefined): string | undefined {
  return content && `${content.sha256}${content.isReadonly ? ' readonly' : ''}`;
}

export function watchConfigs(deps: ConfigWatchDeps): ConfigWatch {
  const { logger, watch: watchDirectory = watch } = deps;
  const watched = new Map<string, Watched>();
  let names = new Map<string, Set<string>>();
  let known = new Map<string, string | undefined>();
  let folders = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let blind: NodeJS.Timeout | undefined;
  let isBlind = false;
  let firstAt = 0;
  let checking: Promise<void> = Promise.resolve();
  let isClosed = false;

  const soon = (): void => {
    if (isClosed) return;
    const now = performance.now();
    if (timer === undefined) firstAt = now;
    clearTimeout(timer);
    timer = setTimeout(check, Math.max(0, Math.min(quietMs, firstAt + patienceMs - now))).unref();
  };
  const check = (): void => {
    clearTimeout(timer);
    timer = undefined;
    checking = checking.then(async () => {
      try {
        // first the directories, so that nothing falls between the look and the watch
        await settleWatchers();
        if (!isClosed && (await hasDrifted())) deps.onDrift();
      } catch (error) {
        logger.warn({ err: error }, 'host configs not compared');
      }
    });
  };
  const hasDrifted = async (): Promise<boolean> => {
    for (const path of known.keys()) {
      const now = await contentOf(path);
      if (knownAs(now) === known.get(path)) continue;
      if (now !== undefined && (await writtenBy(deps.stateDir, now.realPath)).includes(now.sha256)) continue;
      return true;
    }
    return false;
  };
  const settleWatchers = async (): Promise<void> => {
    const places = await deps.places();
    for (const path of places.files) if (!known.has(path)) known.set(path, undefined);
    folders = new Set(places.folders);
    const wanted = await directoriesFor([...known.keys()], places.folders, deps.home);
    if (isClosed) return;
    names = new Map([...wanted].map(([directory, { children }]) => [directory, children]));
    for (const [directory, { watcher, inode }] of watched) if (wanted.get(directory)?.inode !== inode) drop(directory, watcher);
    const missed = [...wanted].filter(([directory, { inode }]) => !watched.has(directory) && !open(directory, inode));
    clearTimeout(blind);
    if (missed.length > 0) blind = setTimeout(check, blindMs).unref();
    if (missed.length > 0 && !isBlind) logger.warn({ directories: missed.length }, 'configs compared every half second');
    isBlind = missed.length > 0;
  };
  const drop = (directory: string, watcher: FSWatcher): void => {
    watcher.close();
    if (watched.get(directory)?.watcher === watcher) watched.delete(directory);
  };
  /** False where the system gives no watch: there are only so many of them. */
  const open = (directory: string, inode: number): boolean => {
    try {
      const watcher = watchDirectory(directory, { persistent: false }, (event, name) => {
        const isItself = name === basename(directory);
        // Removed or moved away. Another one under its path may have been given its inode, so that alone does not tell them apart.
        if (isItself && event === 'rename') drop(directory, watcher);
        const isOurs = name === null || folders.has(directory) || names.get(directory)?.has(name) === true;
        if (isOurs || isItself) soon();
      });
      watcher.on('error', () => {
        drop(directory, watcher);
        soon();
      });
      watched.set(directory, { watcher, inode });
      return true;
    } catch (error) {
      if (!isBlind) logger.warn({ err: error }, 'host config not watched');
      return false;
    }
  };

  return {
    async follow(files) {
      known = new Map(files);
      await settleWatchers();
      // what was changed since it was seen, and before it was watched, is found now
      soon();
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
      clearTimeout(blind);
      for (const { watcher } of watched.values()) watcher.close();
      watched.clear();
    },
  };
}

/**
 * The directories to watch and the names in them that count: those on the way from the home to a file and to where its link leads, as far as they are there.
 */
async function directoriesFor(
  files: readonly string[],
  folders: readonly string[],
  home: string,
): Promise<ReadonlyMap<string, { readonly inode: number; readonly children: Set<string> }>> {
  const wanted = new Map<string, { inode: number; children: Set<string> }>();
  const add = async (path: string): Promise<void> => {
    for (let child = path, above = dirname(path); ; child = above, above = dirname(above)) {
      const inode = wanted.get(above)?.inode ?? (await inodeOf(above));
      if (inode !== undefined) {
        const there = wanted.get(above) ?? { inode, children: new Set() };
        wanted.set(above, there);
        there.children.add(basename(child));
        if (!isInside(above, home)) return;
      }
      if (dirname(above) === above) return;
    }
  };
  for (const path of files) {
    await add(path);
    const real = await realpath(path).catch(() => path);
    if (real !== path) await add(real);
  }
  for (const folder of folders) await add(`${folder}/*`);
  return wanted;
}

/** Undefined where it is no directory. */
async function inodeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    (found) => (found.isDirectory() ? found.ino : undefined),
    () => undefined,
  );
}
