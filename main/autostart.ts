// Start at login, as the profile says. On Linux an XDG autostart entry in the user's config, only where the package brought none of its own.
// Rule: what is written names a path that stays the same over updates, and only a file of ours is changed or removed.
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface AutostartPlace {
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The program to start: the AppImage, or the installed one. */
  readonly program: string;
}

const entryName = 'drawbridge.desktop';
const mark = 'X-Drawbridge-Managed=true';

/** `setting`: what the profile says; `isSet`: it says so itself, so that it is not the default. Returns what was done. */
export async function followAutostart(
  setting: string | undefined,
  isSet: boolean,
  place: AutostartPlace,
): Promise<'written' | 'removed' | 'left'> {
  const file = join(configHome(place), 'autostart', entryName);
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
  await writeFile(file, wanted, { mode: 0o600 });
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
    `Exec="${program.replaceAll(/["\\$`]/g, String.raw`\$&`)}" --hidden`,
    'Terminal=false',
    ...(isHidden ? ['Hidden=true'] : []),
    mark,
    '',
  ].join('\n');
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
