// `npm run prove [id…]`: breaks each promise in a copy of the repository by its mutation, and expects exactly its test to fail.
// A mutation that survives means that the test proves nothing; then the exit code is 1.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { readSources } from './architecture/source.ts';
import { type Proof, collectProofs, testFilesOf } from './proof.ts';
import { copyRepository } from './scratch.ts';

/** `killed` is the good end: the test failed. */
type Outcome = 'killed' | 'SURVIVED' | 'red before' | 'not run' | 'did not load' | 'did not end';

const deadlineMs = 30 * 60_000;
const report = z.object({
  numFailedTests: z.number(),
  numPassedTests: z.number(),
  testResults: z.array(
    z.object({
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string(), title: z.string(), ancestorTitles: z.array(z.string()) })),
    }),
  ),
});
type Report = z.infer<typeof report>;

async function prove(root: string, wanted: readonly string[]): Promise<number> {
  const all = await collectProofs(root);
  const unknown = wanted.filter((id) => !all.some((proof) => matches(proof, [id])));
  if (unknown.length > 0) throw new Error(`no proof has the id or area ${unknown.join(', ')}`);
  const proofs = wanted.length === 0 ? all : all.filter((proof) => matches(proof, wanted));
  const sources = await readSources(root);
  const [scratch, reports] = [await copyRepository(root), await mkdtemp(join(tmpdir(), 'drawbridge-prove-'))];
  let failures = 0;
  try {
    console.log(`Running the ${proofs.length} tests unbroken first …`);
    const files = [...new Set(proofs.flatMap((proof) => testFilesOf(proof, sources)))];
    const anyName = proofs.map((proof) => `(?:${proof.namePattern})`).join('|');
    const green = passedIn(await runTests(scratch.root, files, anyName, join(reports, 'green.json')));
    for (const [index, proof] of proofs.entries()) {
      const began = Date.now();
      const isGreen = green.some((name) => new RegExp(proof.namePattern).test(name));
      const outcome = isGreen
        ? await tryMutation(scratch.root, proof, testFilesOf(proof, sources), join(reports, `${index}.json`))
        : 'red before';
      if (outcome !== 'killed') failures++;
      const seconds = ((Date.now() - began) / 1000).toFixed(1);
      const place = `${index + 1}/${proofs.length}`.padStart(8);
      console.log(`${place}  ${outcome.padEnd(12)} ${seconds.padStart(6)} s  ${proof.id.padEnd(38)} ${proof.mutation.file}`);
    }
  } finally {
    await Promise.all([scratch.close(), rm(reports, { recursive: true, force: true })]);
  }
  console.log(`${proofs.length - failures} of ${proofs.length} mutations were killed by their tests.`);
  return failures === 0 ? 0 : 1;
}

/** By the whole id, or by its area. */
const matches = (proof: Proof, wanted: readonly string[]) =>
  wanted.some((id) => proof.id === id || proof.id.startsWith(`${id}.`));

async function tryMutation(root: string, proof: Proof, files: readonly string[], reportFile: string): Promise<Outcome> {
  const file = join(root, proof.mutation.file);
  const intact = await readFile(file, 'utf8');
  // A function as replacement, because `$&` in a mutation is text.
  await writeFile(
    file,
    intact.replace(proof.mutation.find, () => proof.mutation.replace),
  );
  try {
    return outcomeOf(await runTests(root, files, proof.namePattern, reportFile));
  } finally {
    await writeFile(file, intact);
  }
}

function outcomeOf(run: Report | undefined): Outcome {
  if (!run) return 'did not end';
  if (run.numFailedTests > 0) return 'killed';
  const wasLoaded = run.testResults.every((result) => result.status !== 'failed' || result.assertionResults.length > 0);
  if (!wasLoaded) return 'did not load';
  return run.numPassedTests > 0 ? 'SURVIVED' : 'not run';
}

/** Full names of the tests that passed. */
function passedIn(run: Report | undefined): readonly string[] {
  const tests = run?.testResults.flatMap((result) => result.assertionResults) ?? [];
  return tests.filter((one) => one.status === 'passed').map((one) => [...one.ancestorTitles, one.title].join(' > '));
}

/** Runs tests by their names; undefined where the run had to be ended. */
async function runTests(
  root: string,
  files: readonly string[],
  namePattern: string,
  reportFile: string,
): Promise<Report | undefined> {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', ...files, '--testNamePattern', namePattern, '--reporter=json', `--outputFile=${reportFile}`];
  const isOver = await new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'ignore', timeout: deadlineMs });
    child.on('error', reject);
    child.on('close', (_code, signal) => resolve(signal === null));
  });
  return isOver ? report.parse(JSON.parse(await readFile(reportFile, 'utf8'))) : undefined;
}

process.exitCode = await prove(join(import.meta.dirname, '..'), process.argv.slice(2));
