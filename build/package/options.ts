// The command line of `npm run package`, and what the machine must have for it: both are looked at before a minute of work is spent.
// Rule: what is wrong is said in one line that says what to do.
import { accessSync, constants } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface PackageOptions {
  readonly isOnlyUnpacked: boolean;
  readonly hasTestElectron: boolean;
  readonly isInspectable: boolean;
  readonly output: string;
  /** In place of the one in package.json. */
  readonly version: string | undefined;
}

export const usage = `npm run package -- [options]
  --dir             only the unpacked app (Linux: and the deb and the rpm of it)
  --test-electron   with the old Electron of the tests, where the release can't be downloaded. For tests only: never ship it
  --inspectable     leave the fuse on that test drivers need. For tests only: never ship it
  --out <dir>       where it goes (default: out/package)
  --version <v>     in place of the version in package.json: three numbers, such as 1.2.0
`;

/** Something that the person who started it can mend; printed without a stack. */
export class PackageError extends Error {}

export function readOptions(args: readonly string[], root: string): PackageOptions | 'help' {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        dir: { type: 'boolean', default: false },
        'test-electron': { type: 'boolean', default: false },
        inspectable: { type: 'boolean', default: false },
        out: { type: 'string', default: 'out/package' },
        version: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }));
  } catch (error) {
    throw new PackageError(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
  if (values.help) return 'help';
  // deb, rpm and MSI each order everything else in their own way
  if (values.version !== undefined && !/^\d+\.\d+\.\d+$/.test(values.version))
    throw new PackageError(`--version ${values.version}: write three numbers, such as 1.2.0.`);
  return {
    isOnlyUnpacked: values.dir,
    hasTestElectron: values['test-electron'],
    isInspectable: values.inspectable,
    output: resolve(root, values.out),
    version: values.version,
  };
}

/** What makes the Linux packages, and what brings it on Debian and on Fedora. */
const linuxPrograms = [
  { program: 'dpkg-deb', from: 'dpkg' },
  { program: 'rpmbuild', from: 'rpm (Fedora: rpm-build)' },
];

/** Throws where a program is missing without which the packages of this platform can't be made. `path`: the PATH that is searched. */
export function checkPrograms(platform: NodeJS.Platform, path: string): void {
  if (platform !== 'linux') return;
  const missing = linuxPrograms.filter(
    ({ program }) => !path.split(delimiter).some((folder) => isProgram(join(folder, program))),
  );
  if (missing.length === 0) return;
  const words = missing.map(({ program, from }) => `${program}, which comes with the package ${from}`).join('; ');
  throw new PackageError(`the deb and the rpm can't be made here without ${words}: install it and start again.`);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
