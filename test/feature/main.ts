// `npm run features`: runs every cell of the table through the gateway, prints the table and writes it into docs/features.md.
// Exit code 1, and no table, where a cell fails or did not run.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { exemptions } from './exempt.ts';
import { features } from './feature.ts';
import { shortOf, tableOf, withTable } from './table.ts';

const root = join(import.meta.dirname, '../..');
const document = join(root, 'docs/features.md');
const Report = z.looseObject({
  testResults: z.array(z.looseObject({ assertionResults: z.array(z.looseObject({ title: z.string(), status: z.string() })) })),
});

const names = features.map(({ name }) => name);
const short = shortOf(names, await outcomes());
if (short.length > 0) {
  process.stderr.write(`These do not work:\n${short.map((name) => `  ${name}\n`).join('')}`);
  process.exitCode = 1;
} else {
  const table = tableOf(names, exemptions);
  await writeFile(document, withTable(await readFile(document, 'utf8'), table));
  process.stdout.write(`${table}\n`);
}

/** Every test of the run by its name. What the run prints goes to stderr, for whoever waits. */
async function outcomes(): Promise<ReadonlyMap<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'drawbridge-features-'));
  try {
    const file = join(folder, 'report.json');
    const args = [
      'run',
      'test/feature/feature.slow.test.ts',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ];
    const run = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...args], {
      cwd: root,
      stdio: ['ignore', process.stderr, 'inherit'],
    });
    await once(run, 'exit');
    const { testResults } = Report.parse(JSON.parse(await readFile(file, 'utf8')));
    const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
    return new Map(tests.map(({ title, status }) => [title, status]));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
