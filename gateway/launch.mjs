#!/usr/bin/env node
// `drawbridge-gateway`: the command line, in one piece and with Node's compile cache on, so that the gateway server starts in a third of the time. Plain JavaScript,
// because only then the cache also spares the stripping of types. It lies in the data directory, and only where nobody else may write: what lies there is run.
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { basename, join } from 'node:path';

const at = process.argv.indexOf('--data');
const dataDir = at > 0 ? process.argv[at + 1] : process.env['STATE_DIRECTORY']?.split(':')[0];
const cache = dataDir ? join(dataDir, 'cache') : undefined;
const program = await bundled();
if (cache && isPrivate(dataDir) && isMade(cache) && isPrivate(cache)) enableCompileCache(program ? cacheOf(program) : cache);
await import(program ?? './cli.ts');

/** The program in one piece, which set-up makes; undefined where there is none that is whole, or where a source has changed since. */
async function bundled() {
  const made = new URL('../out/gateway/made.mjs', import.meta.url);
  try {
    return (await import(made.href)).program;
  } catch {
    return undefined;
  }
}

/** Each program that set-up made has a folder of its own there: the first start of one removes those of former ones, which Node would keep for ever. */
function cacheOf(program) {
  const own = `program-${basename(new URL('.', program).pathname)}`;
  try {
    if (!existsSync(join(cache, own)))
      for (const name of readdirSync(cache))
        if (name.startsWith('program-')) rmSync(join(cache, name), { recursive: true, force: true });
  } catch {
    // they only take room
  }
  return join(cache, own);
}

/** On a full disk too the program starts, or says itself why not. */
function isMade(folder) {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return true;
  } catch {
    return false;
  }
}

/** It is there, and no other user may write it. */
function isPrivate(folder) {
  const found = statSync(folder, { throwIfNoEntry: false });
  return found?.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}
