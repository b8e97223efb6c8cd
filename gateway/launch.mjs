#!/usr/bin/env node
// `drawbridge-gateway`: the command line, in one piece and with Node's compile cache on, so that the gateway server starts in a third of the time. Plain JavaScript,
// because only then the cache also spares the stripping of types. It lies in the data directory, and only where nobody else may write: what lies there is run.
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

const at = process.argv.indexOf('--data');
const dataDir = at > 0 ? process.argv[at + 1] : process.env['STATE_DIRECTORY']?.split(':')[0];
const cache = dataDir ? join(dataDir, 'cache') : undefined;
if (cache && isPrivate(dataDir) && isMade(cache) && isPrivate(cache)) enableCompileCache(cache);
await import((await bundled()) ?? './cli.ts');

/** The program in one piece, which set-up makes; undefined where there is none, or where a source has changed since. */
async function bundled() {
  const made = new URL('../out/gateway/made.mjs', import.meta.url);
  return existsSync(made) ? (await import(made.href)).program : undefined;
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
