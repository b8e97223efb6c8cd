// `npm run conformance`: the official suites against our fixture servers, directly and through the whole product, side by side, and against our own
// authorization server. Exit status 1 where anything falls short that the list (expected.ts) does not name, or the list names what passes.
//   --summary            one line (and what is not as listed)
//   --only SUITE[,…]     0.1.16, 2025-11-25, 2026-07-28, 'client 2025-11-25', 'client 2026-07-28', authorization
//   --short              of the client suites what a build plays, through the product alone
//   --results DIR        keeps the suites' own files
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runAuthorizationSuite } from './authorization.ts';
import { expected } from './expected.ts';
import { type Fixture, type Ground, standUp } from './ground.ts';
import { type ClientSuiteName, clientSuites, runClientSuite, runSuite, shortClientSuites, type Suite, suites } from './suite.ts';
import { type SuiteRun, shortfallsOf, summaryOf, tableOf } from './table.ts';
import { judge, judgeDirect, type Judged, type Place } from './verdict.ts';

/** Which fixture stands at the far side. The released suite asks what 2025-11-25 asks once more, so it is run in its own era only. */
const plan: Readonly<
  Record<Suite['name'], readonly [{ place: Suite['name']; fixture: Fixture }, ...{ place: Place; fixture: Fixture }[]]>
> = {
  '0.1.16': [{ place: '0.1.16', fixture: 'legacy' }],
  '2025-11-25': [
    { place: '2025-11-25', fixture: 'legacy' },
    { place: '2025-11-25 across', fixture: 'modern' },
  ],
  '2026-07-28': [
    { place: '2026-07-28', fixture: 'modern' },
    { place: '2026-07-28 across', fixture: 'legacy' },
  ],
};

const { values } = parseArgs({
  options: {
    summary: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
    only: { type: 'string' },
    results: { type: 'string' },
  },
});
const only = values.only?.split(',');
const isWanted = (name: string): boolean => only === undefined || only.includes(name);
const wanted = Object.values(suites).filter(({ name }) => isWanted(name));
const wantedClients = (['client 2025-11-25', 'client 2026-07-28'] as const).filter(isWanted);
const wantsAuthorization = isWanted('authorization');
const names: readonly string[] = [...Object.keys(suites), ...Object.keys(clientSuites), 'authorization'];
const unknown = (only ?? []).filter((name) => !names.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`no such suite: ${unknown.join(', ')}; there are ${names.join(', ')}\n`);
  process.exit(2);
}

const runs: SuiteRun[] = [];
if (wanted.length > 0) {
  const ground = await standUp();
  try {
    for (const suite of wanted) runs.push(await runBoth(ground, suite));
  } finally {
    await ground.close();
  }
}
for (const name of wantedClients) runs.push(await runClients(name));
if (wantsAuthorization) runs.push(await runAuthorization());
if (!values.summary) {
  for (const run of runs) process.stdout.write(`${tableOf(run)}\n\n`);
  const shortfalls = runs.map(shortfallsOf).filter((text) => text !== '');
  if (shortfalls.length > 0) process.stdout.write(`What falls short, and why:\n${shortfalls.join('\n')}\n\n`);
}
for (const surprise of runs.flatMap(({ surprises }) => surprises)) process.stdout.write(`NOT AS LISTED ${surprise}\n`);
process.stdout.write(`${summaryOf(runs)}\n`);
process.exitCode = runs.every(({ surprises }) => surprises.length === 0) ? 0 : 1;

async function runBoth({ direct, through }: Ground, suite: Suite): Promise<SuiteRun> {
  const reference = await runSuite(suite, direct(plan[suite.name][0].fixture), await folderFor(`${suite.name} direct`));
  const places = new Map<Place, readonly Judged[]>();
  const surprises = [...judgeDirect(reference)];
  for (const { place, fixture } of plan[suite.name]) {
    const scenarios = await runSuite(suite, through(fixture), await folderFor(place));
    const listed = expected.filter((line) => line.places.includes(place));
    const { judged, surprises: found } = judge(reference, scenarios, listed);
    places.set(place, judged);
    surprises.push(...found.map((words) => `${place}: ${words}`));
  }
  return { suite: suite.name, direct: reference, places, surprises };
}

async function runClients(name: ClientSuiteName): Promise<SuiteRun> {
  if (values.short) return await runShort(name);
  const direct = await runClientSuite(name, 'direct', await folderFor(`${name} direct`));
  const through = await runClientSuite(name, 'through', await folderFor(name));
  const { judged, surprises } = judge(
    direct,
    through,
    expected.filter(({ places }) => places.includes(name)),
  );
  return { suite: name, direct, places: new Map([[name, judged]]), surprises: [...judgeDirect(direct), ...surprises] };
}

/** Every check that the suite makes has to pass, but for what is listed. */
async function runShort(name: ClientSuiteName): Promise<SuiteRun> {
  const scenarios = shortClientSuites[name];
  const through = await runClientSuite(name, 'through', await folderFor(name), scenarios);
  const listed = expected.filter((line) => line.places.includes(name) && line.scenarios.every((one) => scenarios.includes(one)));
  const { judged, surprises } = judge(undefined, through, listed);
  return { suite: name, direct: undefined, places: new Map([[name, judged]]), surprises };
}

async function runAuthorization(): Promise<SuiteRun> {
  const suite = 'authorization';
  const listed = expected.filter(({ places }) => places.includes(suite));
  const { judged, surprises } = judge(undefined, await runAuthorizationSuite(await folderFor(suite)), listed);
  return { suite, direct: undefined, places: new Map([[suite, judged]]), surprises };
}

async function folderFor(what: string): Promise<string | undefined> {
  if (values.results === undefined) return undefined;
  const folder = join(resolve(values.results), what);
  await mkdir(folder, { recursive: true });
  return folder;
}
