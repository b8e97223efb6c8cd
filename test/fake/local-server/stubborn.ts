// Won't go: ignores SIGTERM and the end of its input, and has a child and a grandchild that do the same: `stubborn.ts [PIDFILE [DEPTH]]`.
// Each appends its process id to PIDFILE. On any message it answers {"stubborn":pid}.
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';

const file = process.argv[2];
const depth = Number(process.argv[3] ?? 2);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGPIPE'] as const) process.on(signal, () => undefined);
if (file !== undefined) appendFileSync(file, `${process.pid}\n`);
if (depth > 0)
  spawn(process.execPath, [import.meta.filename, file ?? '', String(depth - 1)], { stdio: ['ignore', 'inherit', 'inherit'] });
process.stdin.on('data', () => process.stdout.write(`{"stubborn":${process.pid}}\n`));
process.stdin.on('error', () => undefined);
process.stdout.on('error', () => undefined);
setInterval(() => undefined, 60_000);
