// Where a store is, and how a database is opened as it stands: nothing is migrated here, and what a newer Drawbridge wrote is refused before it could be touched.
import { existsSync, statSync } from 'node:fs';
import type { Logger } from 'pino';
import type { Engine } from './engine.ts';
import { checkSchema } from './schema.ts';
import { openSqlite, readSnapshot } from './sqlite.ts';

export type StoreLocation =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgres'; readonly url: string };

/** A database as it is. `patient`: whoever goes through all of it, as a migration does, waits for as long as that takes. */
export async function openUnmigrated(
  location: StoreLocation,
  logger: Logger,
  pace: 'quick' | 'patient' = 'quick',
): Promise<Engine> {
  if (location.kind === 'postgres') {
    // Loaded where it is used: on SQLite it would only make the start longer.
    const { openPostgres } = await import('./postgres.ts');
    return openPostgres(location.url, logger, pace);
  }
  if (existsSync(location.file) && statSync(location.file).size > 0)
    await readSnapshot(location.file, ({ db }) => checkSchema({ db, dialect: 'sqlite' }, location.file));
  return openSqlite(location.file);
}

/** How a location is called in words: a URL's password is never in it. */
export function nameOf(location: StoreLocation): string {
  if (location.kind === 'sqlite') return location.file;
  const url = URL.parse(location.url);
  return url === null ? 'the PostgreSQL database' : `${url.host}${url.pathname}`;
}
