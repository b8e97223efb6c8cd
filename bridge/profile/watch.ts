// Keeps the profile current: looks again when a file changes, and every minute in case a change was not told. A burst of changes is one reading.
// Rule: readings never overlap, and a reading that ends after close() is dropped.
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, relative, sep } from 'node:path';
import type { Logger } from 'pino';
import { profileFiles, readProfile } from './read.ts';
import type { ProfileOptions, ProfileReading } from './read.ts';

const dampMs = 150;
const lookAgainMs = 60_000;

export interface ProfileWatch {
  /** The reading in force. */
  readonly current: ProfileReading;
  /** Reads anew now; resolves with the reading then in force. */
  reload(): Promise<ProfileReading>;
  close(): void;
}

/** Reads the profile and keeps it current. `onChange` is called for every reading that differs from the one before. */
export async function watchProfile(
  options: ProfileOptions,
  onChange: (reading: ProfileReading) => void,
  logger: Logger,
): Promise<ProfileWatch> {
  const watching = new Watching(options, await readProfile(options), onChange, logger);
  await watching.arm();
  return watching;
}

class Watching implements ProfileWatch {
  current: ProfileReading;
  readonly #options: ProfileOptions;
  readonly #onChange: (reading: ProfileReading) => void;
  readonly #logger: Logger;
  readonly #everyMinute: NodeJS.Timeout;
  #watchers: FSWatcher[] = [];
  #damper: NodeJS.Timeout | undefined;
  #reading: Promise<ProfileReading> | undefined;
  #closed = false;

  constructor(options: ProfileOptions, first: ProfileReading, onChange: (reading: ProfileReading) => void, logger: Logger) {
    this.#options = options;
    this.current = first;
    this.#onChange = onChange;
    this.#logger = logger;
    this.#everyMinute = setInterval(() => this.#soon(), lookAgainMs);
    this.#everyMinute.unref();
  }

  /** Watches the directories: a file that is replaced by rename keeps its name but not its inode. */
  async arm(): Promise<void> {
    const wanted = new Map<string, Set<string>>();
    for (const file of profileFiles(this.#options)) {
      const directory = await existing(dirname(file));
      const [name] = relative(directory, file).split(sep);
      if (name) wanted.set(directory, (wanted.get(directory) ?? new Set()).add(name));
    }
    if (this.#closed) return;
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [...wanted].flatMap(([directory, names]) => this.#watchDirectory(directory, names));
  }

  async reload(): Promise<ProfileReading> {
    // a reading under way may have begun before the change that the caller knows of
    await this.#reading;
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#everyMinute);
    clearTimeout(this.#damper);
    for (const watcher of this.#watchers) watcher.close();
  }

  #watchDirectory(directory: string, names: ReadonlySet<string>): FSWatcher[] {
    try {
      const watcher = watch(directory, { persistent: false }, (_, name) => {
        if (name === null || names.has(name)) this.#soon();
      });
      watcher.on('error', (error) => this.#logger.warn({ err: error }, 'profile watch failed'));
      return [watcher];
    } catch (error) {
      this.#logger.warn({ err: error }, 'profile watch failed');
      return [];
    }
  }

  #soon(): void {
    if (this.#closed || this.#damper) return;
    this.#damper = setTimeout(() => {
      this.#damper = undefined;
      this.reload().catch((error: unknown) => this.#logger.error({ err: error }, 'profile reading failed'));
    }, dampMs);
  }

  async #read(): Promise<ProfileReading> {
    await this.arm();
    const next = await readProfile(this.#options, this.current);
    if (this.#closed || sameReading(next, this.current)) return this.current;
    this.current = next;
    this.#onChange(next);
    return next;
  }
}

function sameReading(a: ProfileReading, b: ProfileReading): boolean {
  return a.file === b.file && a.hash === b.hash && JSON.stringify(a.findings) === JSON.stringify(b.findings);
}

/** The nearest directory above that exists, so that a directory made later is seen as well. */
async function existing(directory: string): Promise<string> {
  try {
    await access(directory);
    return directory;
  } catch {
    const above = dirname(directory);
    return above === directory ? directory : existing(above);
  }
}
