// What every command on the data shares: where the data is, an open store for as long as the command runs, and where its words go.
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import type { Logger } from 'pino';
import { Fault } from '#contract/error.ts';
import type { Acting } from '../admin/context.ts';
import { locationOf, parseDataSettings, type DataSettings, type Surroundings } from '../settings.ts';
import type { Store } from '../store/store.ts';
import type { Input } from './secret-input.ts';

export interface Terminal {
  readonly around: Surroundings;
  readonly logger: Logger;
  readonly input: Input;
  /** A person reads it who has not asked for text without colors (NO_COLOR). */
  readonly isColored: boolean;
  /** A line of what was asked for. */
  print(line: string): void;
  /** A line beside it, for the person only. */
  note(line: string): void;
  /** Aborts when the person asks to end; from then on the command ends by itself. */
  untilEnded(): AbortSignal;
}
/** Adds commands to the program. */
export type AddCommands = (program: Command, terminal: Terminal) => void;

/** Options that all of them have. */
export interface Common {
  readonly data?: string;
  readonly json?: boolean;
  readonly reason?: string;
}

/** A command that changes something: why may be said, and stands in its record. */
export function deedCommand(parent: Command, name: string, description: string): Command {
  return command(parent, name, description).option('--reason <text>', 'why, for the record');
}

export function command(parent: Command, name: string, description: string): Command {
  return parent.command(name).description(description).addOption(dataOption()).option('--json', 'print JSON');
}

export function dataOption(): Option {
  return new Option('--data <dir>', "the data directory (default: the platform's place for it)");
}

/** Where the data is. Refuses a place where there is none, so that a misspelled --data makes no new database. */
export function existingData({ around }: Terminal, flags: Common): DataSettings {
  const settings = parseDataSettings({ data: flags.data }, around);
  if (settings.database.kind === 'sqlite' && !existsSync(settings.database.file)) {
    const reason = 'there is no database. Name the data directory of `serve` with --data, or start `serve` once to make it.';
    throw new Fault('FILE_UNUSABLE', { file: settings.database.file, reason });
  }
  return settings;
}

/** What is done at this command line is done by who runs it, and is on record as that. */
export async function withAdmin<T>(
  terminal: Terminal,
  flags: Common,
  run: (context: Acting & { readonly now: () => number }, settings: DataSettings) => Promise<T>,
): Promise<T> {
  const actor = { kind: 'command-line', osUser: osUser() } as const;
  return withStore(terminal, flags, (store, settings) =>
    run({ store, actor, reason: flags.reason ?? null, now: Date.now }, settings),
  );
}

/** A user of a container may have no name. */
function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.()}`;
  }
}

export async function withStore<T>(
  terminal: Terminal,
  flags: Common,
  run: (store: Store, settings: DataSettings) => Promise<T>,
): Promise<T> {
  const settings = existingData(terminal, flags);
  const { dataDir } = settings;
  const deps = { logger: terminal.logger, backupDirectory: join(dataDir, 'backup'), lockDirectory: dataDir };
  // Loaded where data is opened: what only says how it is used needs none of it.
  const { openStore } = await import('../store/open.ts');
  const store = await openStore(locationOf(settings), deps);
  try {
    return await run(store, settings);
  } finally {
    await store.close();
  }
}
