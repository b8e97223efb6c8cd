// A process that owns a pool of local servers, to be killed by a test: `pool-owner.ts STATEDIR PIDFILE`. It opens a stubborn server with its
// descendants and a plain one, says `{"ready":true}` on stdout when both have answered, and stays.
import { join } from 'node:path';
import { pino } from 'pino';
import { resolveLaunch } from '../../bridge/server/resolve.ts';
import { createPool } from '../../bridge/server/running.ts';
import { Slug } from '#contract/id.ts';

const [stateDir = '', pidFile = ''] = process.argv.slice(2);
const fake = (name: string): string => join(import.meta.dirname, 'local-server', name);
const entries = [
  { name: 'stubborn', args: [fake('stubborn.ts'), pidFile] },
  { name: 'counting', args: [fake('counting.ts')] },
];
const launches = await Promise.all(
  entries.map(({ name, args }) =>
    resolveLaunch(
      {
        server: Slug.parse(name),
        hosts: [],
        origin: 'profile',
        line: { command: process.execPath, args, env: {} },
      },
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
    ),
  ),
);
const pool = createPool({
  launches: () => launches,
  sanction: () => undefined,
  limits: { messageBytes: 1024 * 1024, startMs: 30_000, idleMs: 600_000, children: 10 },
  stateDir,
  logger: pino({ level: 'silent' }),
  now: Date.now,
  elapsed: () => performance.now(),
});
await Promise.all(
  launches.map(async (launch) => {
    const answered = Promise.withResolvers<void>();
    const server = await pool.open(launch.source.server, launch.fingerprint, {
      onMessage: () => answered.resolve(),
      onOversize: () => undefined,
      onExit: () => undefined,
    });
    await server.write(Buffer.from('{"jsonrpc":"2.0","id":1,"method":"ping"}'), true);
    await answered.promise;
  }),
);
process.stdout.write('{"ready":true}\n');
