#!/usr/bin/env node
// `drawbridge-gateway`: the command line, with Node's compile cache on, so that the gateway server starts in half the time. Plain JavaScript, because only
// then the cache also spares the stripping of types. It lies in the data directory, and only where nobody else may write: what lies there is run.
import { mkdirSync, statSync } from 'node:fs';
import { enableCompileCache, registerHooks } from 'node:module';
import { join } from 'node:path';

const at = process.argv.indexOf('--data');
const dataDir = at > 0 ? process.argv[at + 1] : process.env['STATE_DIRECTORY']?.split(':')[0];
const cache = dataDir ? join(dataDir, 'cache') : undefined;
if (cache && isPrivate(dataDir) && isMade(cache) && isPrivate(cache)) enableCompileCache(cache);
const root = new URL('../', import.meta.url);
/** Of hundreds of small files each, all of them ES modules. */
const inManyFiles = /\/node_modules\/(?:kysely|zod)\//;
registerHooks({ resolve });
await import('./cli.ts');

/**
 * An import that names a file is that file. Node would see whether it is there, follow links, and look into the package.json of each folder above it, for
 * each of a thousand imports: a fifth of a start.
 */
function resolve(specifier, context, next) {
  const { parentURL } = context;
  if (specifier.startsWith('#contract/')) return named(specifier.slice(1), root, 'module-typescript');
  if (!specifier.startsWith('.') || parentURL === undefined) return next(specifier, context);
  if (specifier.endsWith('.ts')) return named(specifier, parentURL, 'module-typescript');
  if (specifier.endsWith('.js') && inManyFiles.test(parentURL)) return named(specifier, parentURL, 'module');
  return next(specifier, context);
}

function named(path, base, format) {
  return { url: new URL(path, base).href, format, shortCircuit: true };
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
