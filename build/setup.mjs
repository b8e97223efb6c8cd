// Gets a fresh clone ready to run: `node build/setup.mjs` for the product, with `--tests` also what the tests need. Run by the npm scripts.
// Runs under the system's Node (20 or later) without any package, changes nothing that is in order, and then says nothing.
import { fileURLToPath } from 'node:url';
import { bringPackages } from './setup/packages.mjs';
import { bringSystem } from './setup/system.mjs';
import { SetupError } from './setup/say.mjs';

const oldestNode = 20;

/** @param {{ root: string, tests: boolean }} want */
async function setUp({ root, tests }) {
  if (Number.parseInt(process.versions.node, 10) < oldestNode)
    throw new SetupError(
      `this is Node ${process.versions.node}, and Drawbridge needs Node ${oldestNode} or later to set itself up.`,
      'Install a newer Node (https://nodejs.org/en/download) and run the command again.',
    );
  await bringPackages(root, process.env);
  if (tests) await bringSystem(process.env, process.getuid?.());
}

try {
  await setUp({ root: fileURLToPath(new URL('..', import.meta.url)), tests: process.argv.includes('--tests') });
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`set-up: ${error.message}\n        ${error.advice}\n`);
  process.exitCode = 1;
}
