// The posture once more, as a small SQLite database beside the status file: for osquery (automatic table construction) and other readers of SQL.
// Rule: a reader sees the old one or the new one. It is made under another name, without a journal that would need a second file, and renamed.
import { randomBytes } from 'node:crypto';
import { chmod, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { postureSchemaVersion } from '#contract/posture.ts';
import type { PostureStatus } from '#contract/posture.ts';
import { summaryOf } from './format.ts';

/** `unsupported`: this runtime has no SQLite of its own (Node before 22, Electron before 37). */
export type Mirrored = 'written' | 'unsupported';

/** More are not told; the status file leaves them out too. */
const findingLimit = 1000;

/** The file that belongs to a status file. */
export function mirrorPath(statusFile: string): string {
  return join(dirname(statusFile), 'posture.sqlite');
}

/** Writes it anew. Its directory is there, and only the user can write it. */
export async function writeMirror(statusFile: string, status: PostureStatus): Promise<Mirrored> {
  const sqlite = await import('node:sqlite').catch(() => undefined);
  if (!sqlite) return 'unsupported';
  const file = mirrorPath(statusFile);
  const draft = join(dirname(file), `.posture.${randomBytes(8).toString('hex')}`);
  try {
    const database = new sqlite.DatabaseSync(draft);
    try {
      fill(database, status);
    } finally {
      database.close();
    }
    await chmod(draft, 0o644);
    const handle = await open(draft, 'r+');
    await handle.sync().finally(() => handle.close());
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  return 'written';
}

function fill(database: DatabaseSync, status: PostureStatus): void {
  // nobody else sees the draft, and a half one is never renamed
  database.exec('PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN');
  table(
    database,
    'summary',
    ['key', 'value'],
    [['schema_version', postureSchemaVersion], ...Object.entries(summaryOf(status)).map(([key, value]) => [key, String(value)])],
  );
  table(
    database,
    'host_config',
    ['host', 'installed', 'config_path', 'state', 'gateway_entry', 'direct_remote', 'direct_stdio'],
    status.hosts.flatMap(({ id, installed, configs }) =>
      configs.map((config) => [
        id,
        Number(installed),
        config.path,
        config.state,
        Number(config.gateway_entry),
        config.direct_remote,
        config.direct_stdio,
      ]),
    ),
  );
  table(
    database,
    'finding',
    ['id', 'code', 'severity', 'state', 'host', 'config_path', 'setting', 'server', 'first_seen', 'last_seen'],
    status.findings
      .slice(0, findingLimit)
      .map((finding) => [
        finding.id,
        finding.code,
        finding.severity,
        finding.state,
        finding.host ?? '',
        finding.path ?? '',
        finding.setting ?? '',
        finding.server?.name ?? '',
        finding.first_seen,
        finding.last_seen,
      ]),
  );
  database.exec('COMMIT');
}

/** Names are ours; values are always bound. */
function table(
  database: DatabaseSync,
  name: string,
  columns: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): void {
  database.exec(`CREATE TABLE ${name} (${columns.join(', ')})`);
  const insert = database.prepare(`INSERT INTO ${name} VALUES (${columns.map(() => '?').join(', ')})`);
  for (const row of rows) insert.run(...row);
}
