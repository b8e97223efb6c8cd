// `node test/bench/holds/main.ts [--records 200000] [--mib 4]`: for how long what administrators ask for holds the event loop of a gateway server at most, while it serves
// calls: applying a large policy, and all that reads or removes many records. By the product's own parts, in one process. It prints and never asserts a time; it fails
// where an answer is wrong.
import { createSecretKey, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { capabilities } from '#contract/capability.ts';
import { newId, Slug, TokenId, UserId } from '#contract/id.ts';
import type { Actor } from '../../../gateway/admin/actor.ts';
import { applyPolicy } from '../../../gateway/admin/apply.ts';
import { readPolicyAside } from '../../../gateway/admin/policy-reader.ts';
import { createExports } from '../../../gateway/audit/export-job.ts';
import { createJobs } from '../../../gateway/audit/job.ts';
import { verifyAudit } from '../../../gateway/audit/verify.ts';
import { createStateReader } from '../../../gateway/state.ts';
import { openStore } from '../../../gateway/store/open.ts';
import type { Store } from '../../../gateway/store/store.ts';
import { expire } from '../audit/expire.ts';
import { fill } from '../audit/fill.ts';

const { values } = parseArgs({
  options: { records: { type: 'string', default: '200000' }, mib: { type: 'string', default: '4' } },
});
const [records, mib] = [Number(values.records), Number(values.mib)];
const folder = await mkdtemp(join(tmpdir(), 'drawbridge-bench-holds-'));
const logger = pino({ level: 'warn' }, pino.destination({ dest: 2, sync: true }));
const key = createSecretKey(randomBytes(32));
const headFile = join(folder, 'audit.head');
const actor: Actor = {
  kind: 'user',
  user: { id: UserId.parse(newId()), slug: Slug.parse('admin') },
  accessToken: { id: TokenId.parse(newId()), expiresAt: 1e15, hash: '' },
  capabilities: new Set(capabilities),
  gateways: new Set(['eng']),
};

/** Prints how long it took, and the longest time in which nothing else was done. */
async function held<T>(what: string, work: () => Promise<T>): Promise<T> {
  await wait(20);
  const turns = { longestMs: 0, at: performance.now(), isOver: false };
  const turn = () => {
    const now = performance.now();
    turns.longestMs = Math.max(turns.longestMs, now - turns.at);
    turns.at = now;
    if (!turns.isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const began = performance.now();
  const result = await work();
  const tookMs = performance.now() - began;
  await wait(20);
  turns.isOver = true;
  say(what, tookMs, turns.longestMs);
  return result;
}

function say(what: string, tookMs: number, longestMs: number): void {
  const number = (of: number) => of.toFixed(0).padStart(8);
  process.stdout.write(`${what.padEnd(56)} took ${number(tookMs)} ms, held the event loop for ${number(longestMs)} ms at most\n`);
}

/** As many people as fill it, in five teams. */
function policyText(title: string): string {
  const people = Math.floor((mib * 2 ** 20 - 4096) / 80);
  const users = Array.from(
    { length: people },
    (_, index) => `  person-${index}: { title: ${title} ${index}, email: person-${index}@example.org, teams: [t${index % 5}] }\n`,
  );
  const teams = Array.from({ length: 5 }, (_, index) => `  t${index}: { gateways: [eng] }\n`);
  return `version: 1\nusers:\n${users.join('')}teams:\n${teams.join('')}gateways:\n  eng: {}\n`;
}

async function apply(store: Store, what: string, text: string, changes: number): Promise<void> {
  const read = await held(`${what}: its text is read`, () => readPolicyAside(text));
  if (read.kind === 'invalid') throw new Error(JSON.stringify(read.problems[0]));
  const { policy } = read;
  const applied = await held(`${what}: applied`, () =>
    applyPolicy({ store, actor, reason: null, policy, now: Date.now(), isPlanOnly: false }),
  );
  if (applied.changes.length !== changes || !applied.isApplied) throw new Error(`wrong: ${applied.changes.length} changes`);
  await held(`${what}: read whole`, () => createStateReader(store)());
}

try {
  const store = await openStore({ kind: 'sqlite', file: join(folder, 'gateway.sqlite') }, { logger });
  const text = policyText('Person');
  const people = text.match(/email/g)?.length ?? 0;
  await apply(store, `a policy of ${mib} MiB`, text, people + 6);
  await apply(store, 'one of them changed', text.replace('Person 7,', 'Somebody 7,'), 1);
  await apply(store, 'all of them changed', policyText('Human'), people);
  await fill({ store, key, headFile, records, groupRecords: 16, until: Date.now() });
  await held(`the index of ${records} records`, async () => {
    while ((await store.search.index(300)) > 0) await wait(0);
  });
  for (const filter of [{ user: 'person-7' }, { decision: 'allowed', text: 'nowhere' }, { text: 'allow* gateway*' }] as const)
    await held(`a search: ${JSON.stringify(filter)}`, () => store.search.find(filter, { limit: 50 }));
  await held('an export of all, as JSONL', async () => {
    const of = { store, logger, now: Date.now };
    const jobs = createJobs({ ...of, chain: 'main' });
    const exports = createExports({ ...of, jobs, directory: join(folder, 'export') });
    const { id } = await exports.begin({ filter: {}, format: 'jsonl' });
    for (;;) {
      const { state, rows } = await exports.progress(id);
      if (state === 'done' && rows === records) break;
      if (state !== 'running') throw new Error(`wrong: ${state}, ${rows} rows`);
      await wait(5);
    }
    await exports.close();
  });
  await held('a verification of all', async () => {
    const verdict = await verifyAudit({ store, key, headFile });
    if (!verdict.ok || verdict.records !== records) throw new Error(`not whole: ${JSON.stringify(verdict)}`);
  });
  // A record is a second, and a day is kept to its end: of fewer none may be over.
  if (records > 2.1 * 86_400) {
    const gone = await expire({ store, key, headFile, logger, days: 1, isQuiet: false });
    say(`${gone.records} records whose time is over`, gone.seconds * 1000, gone.longestMs);
  }
  await store.close();
} finally {
  await rm(folder, { recursive: true, force: true });
}
