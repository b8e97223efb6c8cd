// The programs of the operating system that some tests run for real. Installed where that needs no password, otherwise named with the exact command.
// A test whose program is missing is skipped aloud; set-up never fails because of one.
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run, say, step } from './say.mjs';

/**
 * Debian package -> the program or the library that shows it is there -> what the tests do with it.
 * @type {readonly ({ name: string, tests: string } & ({ program: string } | { library: string }))[]}
 */
const packages = [
  { name: 'openssl', program: 'openssl', tests: 'makes certificates for the TLS tests' },
  { name: 'dbus', program: 'dbus-run-session', tests: 'a session bus for the secret store tests' },
  { name: 'gnome-keyring', program: 'gnome-keyring-daemon', tests: 'a real secret store for the device key tests' },
  { name: 'dbus-tests', program: 'dbus-test-tool', tests: 'a secret store that does not answer' },
  { name: 'xvfb', program: 'Xvfb', tests: 'a screen for the companion' },
  { name: 'openbox', program: 'openbox', tests: 'a window manager beside the companion' },
  { name: 'trayer', program: 'trayer', tests: 'a tray for its icon' },
  { name: 'xdotool', program: 'xdotool', tests: 'clicks on its icon' },
  { name: 'dunst', program: 'dunst', tests: 'shows its notifications, and brings the library through which Electron sends them' },
  { name: 'imagemagick', program: 'import', tests: 'looks at the screen' },
  { name: 'libgtk-3-0', library: 'libgtk-3.so.0', tests: 'Electron starts with it' },
  { name: 'libnss3', library: 'libnss3.so', tests: 'Electron starts with it' },
  { name: 'libgbm1', library: 'libgbm.so.1', tests: 'Electron starts with it' },
  { name: 'libasound2', library: 'libasound.so.2', tests: 'Electron starts with it' },
  { name: 'libxml2-utils', program: 'xmllint', tests: 'validates the generated administrative templates' },
  { name: 'shellcheck', program: 'shellcheck', tests: 'reads the scripts for MDM tools and of the packages' },
  { name: 'rpm', program: 'rpmbuild', tests: 'makes the rpm, and installs it' },
  {
    name: 'rsyslog-gnutls',
    library: 'rsyslog/lmnsd_gtls.so',
    tests: 'receives records over TLS, with the rsyslog that it brings',
  },
  { name: 'desktop-file-utils', program: 'desktop-file-validate', tests: 'reads the desktop entries' },
];

/** Where Debian keeps libraries. */
const libraryFolders = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib'];

/** @param {NodeJS.ProcessEnv} env @param {number | undefined} uid @param {readonly string[]} [libraries] folders of libraries */
export async function bringSystem(env, uid, libraries = libraryFolders) {
  const isOnPath = (/** @type {string} */ program) => isIn(env['PATH'] ?? '', program);
  const isHere = (/** @type {(typeof packages)[number]} */ each) =>
    'program' in each ? isOnPath(each.program) : libraries.some((folder) => existsSync(join(folder, each.library)));
  if (process.platform !== 'linux') return;
  const missing = packages.filter((each) => !isHere(each));
  if (missing.length === 0) return;
  const names = missing.map((each) => each.name);
  const isDebian = isOnPath('apt-get');
  if (isDebian && uid === 0) await install(names, env);

  for (const each of missing.filter((one) => !isHere(one)))
    say(`${'program' in each ? each.program : each.library} is missing (${each.tests}); the tests that need it will be skipped`);
  if (missing.every(isHere)) return;
  say(
    isDebian
      ? `to run them too: sudo apt-get update && sudo apt-get install -y --no-install-recommends ${names.join(' ')}`
      : `to run them too, install what your system calls: ${names.join(' ')}`,
  );
}

/** @param {readonly string[]} names @param {NodeJS.ProcessEnv} environment */
async function install(names, environment) {
  // dpkg needs the programs of the administrator, which are not on everybody's PATH
  const env = { ...environment, PATH: `${environment['PATH'] ?? ''}:/usr/sbin:/sbin`, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, output } = await step(`installing Debian packages: ${names.join(' ')}`, async () => {
    const update = await run('apt-get', ['update', '-q'], { env });
    if (update.status !== 0) say(`apt-get update failed (${lastLine(update.output)}); trying with the lists that are here`);
    return run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...names], { env });
  });
  if (status !== 0) say(`apt-get install failed: ${lastLine(output)}`);
}

/** @param {string} output */
function lastLine(output) {
  return output.trim().split('\n').at(-1) ?? '';
}

/** @param {string} searchPath @param {string} program */
function isIn(searchPath, program) {
  // Daemons live in sbin, which is not on the PATH of an ordinary user.
  const folders = [...searchPath.split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}
