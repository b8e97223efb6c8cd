// The AI hosts of npm that test/host drives for real: exact versions, installed without their scripts into a cache outside the repository.
// Set-up brings them so that no test asks a registry; one that can't be had never fails set-up, its tests are skipped aloud.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { run, say, step } from './say.mjs';

/**
 * @typedef {object} HostPackage
 * @property {string} id of contract/host.ts
 * @property {string} name npm's
 * @property {string} version
 * @property {number} megabytes on disk, about; the native program comes in a package of its own for each platform
 */

/** @type {readonly HostPackage[]} */
export const hostPackages = [
  { id: 'claude-code', name: '@anthropic-ai/claude-code', version: '2.1.332', megabytes: 390 },
  { id: 'codex', name: '@openai/codex', version: '0.169.0', megabytes: 410 },
  { id: 'gemini-cli', name: '@google/gemini-cli', version: '0.61.0', megabytes: 100 },
  { id: 'opencode', name: 'opencode-ai', version: '1.18.33', megabytes: 360 },
];

/**
 * Where a host lies once it is installed: a folder with a node_modules. It may be deleted at any time; the next set-up brings it again.
 * @param {HostPackage} host @param {NodeJS.ProcessEnv} env
 */
export function hostFolder({ id, version }, env) {
  return join(cacheOf(env), `${id}-${version}`);
}

/** @param {NodeJS.ProcessEnv} env */
function cacheOf(env) {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'drawbridge-hosts');
}

/** @param {NodeJS.ProcessEnv} env @param {readonly HostPackage[]} [wanted] */
export async function bringHosts(env, wanted = hostPackages) {
  const missing = wanted.filter((host) => !existsSync(hostFolder(host, env)));
  if (missing.length === 0) return;
  const megabytes = missing.reduce((sum, host) => sum + host.megabytes, 0);
  say(`the tests drive ${missing.length} real AI hosts: about ${megabytes} MB in ${cacheOf(env)}`);
  for (const host of missing) {
    const reason = await install(host, env).catch((error) => String(error));
    if (reason !== undefined && !existsSync(hostFolder(host, env)))
      say(`${host.name}@${host.version} could not be installed, the tests that drive it will be skipped: ${reason}`);
  }
}

/**
 * Beside its place, and then there by one rename: a host that is there is whole, also where two set-ups run at once. Answers why it failed, if it did.
 * @param {HostPackage} host @param {NodeJS.ProcessEnv} env @returns {Promise<string | undefined>}
 */
async function install(host, env) {
  const { name, version, megabytes } = host;
  const folder = hostFolder(host, env);
  removeLeftovers(cacheOf(env));
  const place = `${folder}.of-${process.pid}`;
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'package.json'), '{ "private": true }\n');
  // The npm that runs us, if one does; else the one on PATH.
  const cli = env['npm_execpath'];
  const isNpm = cli !== undefined && basename(cli) === 'npm-cli.js';
  const args = [
    'install',
    '--ignore-scripts',
    '--save-exact',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    `${name}@${version}`,
  ];
  const { status, output } = await step(`installing ${name}@${version} (about ${megabytes} MB)`, () =>
    isNpm ? run(process.execPath, [cli, ...args], { cwd: place, env }) : run('npm', args, { cwd: place, env }),
  );
  if (status === 0 && !existsSync(folder)) renameSync(place, folder);
  rmSync(place, { recursive: true, force: true });
  return status === 0 ? undefined : output.trim().split('\n').slice(0, 2).join('; ');
}

/**
 * What set-ups that were killed left: each named its folder by its process.
 * @param {string} cache
 */
function removeLeftovers(cache) {
  for (const entry of existsSync(cache) ? readdirSync(cache) : []) {
    const pid = /\.of-(\d+)$/.exec(entry)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(cache, entry), { recursive: true, force: true });
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
