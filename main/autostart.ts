// Start at login on Linux: an XDG autostart entry in the user's config, only where the package brought none of its own.
// Rule: what is written names a path that stays the same over updates, and only a file of ours is changed or removed.
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface AutostartPlace {
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The program to start: the AppImage, or the installed one. */
  readonly program: string;
}

const entryName = 'drawbridge.desktop';
const mark = 'X-Drawbridge-Managed=true';

/** The program that is still there after an update and after a logout; undefined for a source tree. */
export function lastingProgram(of: {
  readonly env: AutostartPlace['env'];
  readonly execPath: string;
  readonly isPackaged: boolean;
}): string | undefined {
  const { APPIMAGE: image, APPDIR: mounted } = of.env;
  // Only where we run from it: whatever was started from another program's AppImage inherits these two.
  if (image && mounted && of.execPath.startsWith(`${mounted}/`)) return image;
  return of.isPackaged ? of.execPath : undefined;
}

/** What happens at login now. `own_file`: an entry that the user wrote decides. */
export async function autostartNow(place: AutostartPlace): Promise<'on' | 'off' | 'own_file'> {
  const present = await readFile(entryFile(place), 'utf8').catch(() => undefined);
  if (present === undefined) return (await hasPackageEntry(place)) ? 'on' : 'off';
  if (!present.includes(mark)) return 'own_file';
  return present.includes('\nHidden=true\n') ? 'off' : 'on';
}

/** `setting`: what the profile says; `isSet`: it says so itself, so that it is not the default. Returns what was done. */
export async function followAutostart(
  setting: string | undefined,
  isSet: boolean,
  place: AutostartPlace,
): Promise<'written' | 'removed' | 'left'> {
  const file = entryFile(place);
  const present = await readFile(file, 'utf8').catch(() => undefined);
  if (present !== undefined && !present.includes(mark)) return 'left';
  const isPackaged = await hasPackageEntry(place);
  const wanted = wantedText(setting, isSet, isPackaged, place.program);
  if (wanted === 'as_is' || wanted === present) return 'left';
  if (wanted === undefined) {
    await rm(file, { force: true });
    return 'removed';
  }
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // The session may read it at any time, so it is whole whenever it is there.
  const fresh = `${file}.${process.pid}.new`;
  await writeFile(fresh, wanted, { mode: 0o600 });
  await rename(fresh, file);
  return 'written';
}

function wantedText(
  setting: string | undefined,
  isSet: boolean,
  isPackaged: boolean,
  program: string,
): string | undefined | 'as_is' {
  switch (setting) {
    case 'always':
      return isSet && !isPackaged ? entry(program, false) : undefined;
    case 'never':
      // A user's entry of the same name hides the package's (Desktop Application Autostart Specification).
      return isPackaged ? entry(program, true) : undefined;
    default:
      return 'as_is';
  }
}

function entry(program: string, isHidden: boolean): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Drawbridge',
    `Exec=${execWord(program)} --hidden`,
    'Terminal=false',
    ...(isHidden ? ['Hidden=true'] : []),
    mark,
    '',
  ].join('\n');
}

/** Quoted for the shell-like Exec key, then escaped as every string of the file (Desktop Entry Specification, "The Exec key"). */
function execWord(program: string): string {
  const quoted = `"${program.replaceAll(/["\\$`]/g, String.raw`\$&`)}"`;
  return quoted.replaceAll('\\', String.raw`\\`).replaceAll('%', '%%');
}

function entryFile(place: AutostartPlace): string {
  return join(configHome(place), 'autostart', entryName);
}

function configHome({ home, env }: AutostartPlace): string {
  const named = env['XDG_CONFIG_HOME'];
  return named?.startsWith('/') ? named : join(home, '.config');
}

async function hasPackageEntry({ env }: AutostartPlace): Promise<boolean> {
  const folders = (env['XDG_CONFIG_DIRS'] || '/etc/xdg').split(':').filter((folder) => folder.startsWith('/'));
  const found = await Promise.all(
    folders.map(
      async (folder) =>
        await access(join(folder, 'autostart', entryName)).then(
          () => true,
          () => false,
        ),
    ),
  );
  return found.includes(true);
}
