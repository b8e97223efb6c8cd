// `node test/bench/audit/main.ts`: a million audit records in a database of their own; how long `audit verify` takes, a search over them, and removing those that are
// over; and what a record costs on its way there. It prints and never asserts a time; it fails where an answer is wrong. `--group 1`: each record committed alone, so that there is a seal for each.
import { createSecretKey, randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { verifyAudit } from '../../../gateway/audit/verify.ts';
import type { RecordFilter } from '../../../gateway/store/search.ts';
import { openStore } from '../../../gateway/store/open.ts';
import { appendBatched } from './append.ts';
import { expire } from './expire.ts';
import { fill } from './fill.ts';

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
    group: { type: 'string', default: '16' },
  },
});
const [records, rounds, groupRecords] = [Number(values.records), Number(values.rounds), Number(values.group)];
const folder = await mkdtemp(join(tmpdir(), 'drawbridge-bench-audit-'));
const file = join(folder, 'gateway.sqlite');
const logger = pino({ level: 'warn' }, pino.destination({ dest: 2, sync: true }));
const key = createSecretKey(randomBytes(32));
const headFile = join(folder, 'audit.head');
const say = (line: string) => process.stdout.write(`${line}\n`);

try {
  for (const { records: count, microseconds, cpuMicroseconds } of await appendBatched(folder, logger, rounds))
    say(
      `appended  ${count} records, batched: ${microseconds.toFixed(2)} microseconds each (${cpuMicroseconds.toFixed(2)} of CPU; goal: 3 or less)`,
    );
  const store = await openStore({ kind: 'sqlite', file }, { logger });
  try {
    const made = await seconds(() => fill({ store, key, headFile, records, groupRecords, until: Date.now() }));
    say(`made      ${records} records in ${made.toFixed(1)} s, ${((await stat(file)).size / 2 ** 20).toFixed(0)} MiB`);
    for (let round = 1; round <= rounds; round++) {
      const took = await seconds(async () => {
        const verdict = await verifyAudit({ store, key, headFile });
        if (!verdict.ok || verdict.records !== records) throw new Error(`not whole: ${JSON.stringify(verdict)}`);
      });
      say(`verified  ${records} records in ${took.toFixed(2)} s (goal: a million in under 10 s)`);
    }
    const indexed = await seconds(async () => {
      while ((await store.search.index(300)) > 0);
    });
    say(`indexed   ${records} records in ${indexed.toFixed(1)} s, ${((await stat(file)).size / 2 ** 20).toFixed(0)} MiB then`);
    for (const [name, filter, isFound] of searches(await store.search.find({}, { limit: 1 }))) {
      const took: number[] = [];
      for (let round = 0; round < 5; round++)
        took.push(
          await seconds(async () => {
            const found = await store.search.find(filter, { limit: 50 });
            // Of fewer there may be none that is all of it.
            if (found.length > 0 !== isFound && (records >= 1_000_000 || !isFound)) throw new Error(`wrong: ${name}`);
          }),
        );
      say(`searched  ${name.padEnd(52)} ${(Math.max(...took) * 1000).toFixed(1)} ms at most (goal: under 300 ms)`);
    }
    // A record is a second: of a million those of two days or three are over, then about half of what is left.
    const all = records / 86_400;
    const kept = Math.floor(all * 0.75);
    for (const [days, isQuiet] of [
      [kept, false],
      [Math.min(Math.floor(all * 0.4), kept - 1), true],
    ] as const) {
      // Of fewer records none may be over.
      if (days < 1 || days + 1 >= all) continue;
      const { records: gone, seconds: took, longestMs } = await expire({ store, key, headFile, logger, days, isQuiet });
      const rate = Math.round(gone / took);
      say(
        `removed   ${gone} records ${isQuiet ? 'while nobody calls' : 'among calls'} in ${took.toFixed(1)} s (${rate} a second); the event loop was held for ${longestMs.toFixed(1)} ms at most`,
      );
      const verdict = await verifyAudit({ store, key, headFile });
      if (!verdict.ok || verdict.chains[0]?.removed?.seq === undefined) throw new Error(`not whole: ${JSON.stringify(verdict)}`);
    }
  } finally {
    await store.close();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Those that have to look far, beside what people look for. */
function searches([newest]: readonly { readonly at: number }[]): readonly (readonly [string, RecordFilter, boolean])[] {
  const at = newest?.at ?? 0;
  const old = { from: at - records * 900, until: at - records * 800 };
  return [
    ['the newest', {}, true],
    ['a user', { user: 'person-7' }, true],
    ['a user, a tool and a code', { user: 'person-7', tool: 'query', code: 'TUNNEL_LOST' }, true],
    ['a user on a day long ago', { ...old, user: 'person-7' }, true],
    ['a day long ago', old, true],
    ['two values that many have, together on one day', { ...old, server: 'github', decision: 'refused' }, true],
    ['words', { text: 'claude refused create issue' }, true],
    ['the beginning of a word that all have', { text: 'allow* gateway*' }, true],
    ['what many have together with what nobody has', { decision: 'allowed', text: 'nowhere' }, false],
    ['two values that never come together', { decision: 'allowed', code: 'TUNNEL_LOST' }, false],
  ];
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}
