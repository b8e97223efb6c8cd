// What the launcher starts, and so every AI host for each of its servers: the command line, with Node's compile cache on. Plain JavaScript, because only then
// the cache also spares the stripping of types: a shim starts in a third of the time. The cache lies in the state directory, which only its user can enter.
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

const at = process.argv.indexOf('--state');
const stateDir = at > 0 ? process.argv[at + 1] : undefined;
if (stateDir !== undefined) enableCompileCache(join(stateDir, 'cache'));
await import('./cli.ts');
