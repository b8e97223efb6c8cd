// A program that starts the agent in a process of its own, as the companion's main process does, and stays: `starter.ts ARGUMENT…`. Says its pid on stdout.
import { fork } from 'node:child_process';
import { join } from 'node:path';

const agent = fork(join(import.meta.dirname, '../../bridge/utility.ts'), process.argv.slice(2), {
  stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
});
agent.on('message', (word) => process.stdout.write(`${JSON.stringify(word)}\n`));
setInterval(() => undefined, 60_000);
