#!/usr/bin/env node
// `drawbridge`, and what AI hosts start for each of their servers: the command line, with Node's compile cache on. Plain JavaScript, because only then the
// cache also spares the stripping of types. It lies in the state directory, and only where nobody else may write: what lies there is run.
import { mkdirSync, statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

const stateDir = namedStateDir(process.argv.slice(2)) ?? ownStateDir(process);
const cache = join(stateDir, 'cache');
if (isPrivate(stateDir) && isMade(cache) && isPrivate(cache)) enableCompileCache(cache);
await import('./cli.ts');

function namedStateDir(words) {
  const at = words.findIndex((word) => word === '--state' || word.startsWith('--state='));
  return words[at] === '--state' ? words[at + 1] : words[at]?.slice('--state='.length);
}

/** As location.ts says it, which can't be read before the cache is on. */
function ownStateDir({ platform, env }) {
  const home = env['HOME'] ?? homeOfUser();
  if (platform === 'darwin') return join(home, 'Library/Application Support/Drawbridge');
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(home, 'AppData/Local'), 'Drawbridge');
  const base = env['XDG_STATE_HOME'];
  return base?.startsWith('/') ? join(base, 'drawbridge') : join(home, '.local/state/drawbridge');
}

/** cli.ts says what is wrong where there is none. */
function homeOfUser() {
  try {
    return homedir();
  } catch {
    return '';
  }
}

/** On a full disk too the program starts. */
function isMade(folder) {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return true;
  } catch {
    return false;
  }
}

/** It is there, wherever this is started, and no other user may write it. Windows tells neither: there only what lies in the user's own folder counts. */
function isPrivate(folder) {
  if (!isAbsolute(folder)) return false;
  const found = statSync(folder, { throwIfNoEntry: false });
  if (!found?.isDirectory()) return false;
  if (process.platform === 'win32') return folder.startsWith(ownStateDir(process));
  return found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}
