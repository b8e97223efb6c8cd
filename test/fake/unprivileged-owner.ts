// A process that owns a pool and then becomes another user, as started by root: `unprivileged-owner.ts STATEDIR`. It opens a stubborn server, which then is
// idle for too long and can't be ended (EPERM). Each line of the log goes to stdout.
import { join } from 'node:path';
import { pino } from 'pino';
import { createPool } from '../../bridge/server/running.ts';
import { resolveLaunch } from '../../bridge/server/resolve.ts';
import { Slug } from '#contract/id.ts';

const [stateDir = ''] = process.argv.slice(2);
const args = [join(import.meta.dirname, 'local-server', 'stubborn.ts')];
const launch = await resolveLaunch(
  { server: Slug.parse('stubborn'), hosts: [], origin: 'profile', line: { command: process.execPath, args, env: {} } },
  {
    home: stateDir,
    platform: process.platform,
    environment: process.env,
    searchPath: ['/usr/bin', '/bin'],
    packageRoots: [],
    install: 'never',
    stateDir,
    node: process.execPath,
  },
);
const pool = createPool({
  launches: () => [launch],
  sanction: () => undefined,
  limits: { messageBytes: 1024, startMs: 30_000, idleMs: 1500, children: 1 },
  stateDir,
  logger: pino({ level: 'info' }, process.stdout),
  now: Date.now,
  elapsed: () => performance.now(),
});
const answered = Promise.withResolvers<void>();
const server = await pool.open(launch.source.server, launch.fingerprint, {
  onMessage: () => answered.resolve(),
  onOversize: () => undefined,
  onExit: () => undefined,
});
await server.write(Buffer.from('{"jsonrpc":"2.0","id":1,"method":"ping"}'), true);
await answered.promise;
process.setuid?.(65_534);
