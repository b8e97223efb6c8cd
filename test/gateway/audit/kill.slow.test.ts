// kill -9 of a process that writes records: what it acknowledged is there, and the chain is whole and goes on.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openAuditKey } from '../../../gateway/audit/key.ts';
import { verifyAudit } from '../../../gateway/audit/verify.ts';
import type { StoreLocation } from '../../../gateway/store/location.ts';
import { openStore } from '../../../gateway/store/open.ts';
import type { Store } from '../../../gateway/store/store.ts';
import { proves } from '../../requirement.ts';
import { freshFolder, postgresGround } from '../../suite/ground.ts';
import { quiet } from '../../suite/sample.ts';
import { startPostgres } from '../../suite/postgres.ts';
import type { TestPostgres } from '../../suite/postgres.ts';

const program = join(import.meta.dirname, '../../fake/record-writer.ts');
const chain = 'main';
let folder: string;
let server: TestPostgres;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.close());
beforeEach(async () => {
  folder = await freshFolder();
});
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));

/** Runs the writer until it acknowledged so many records, kills it, and tells all ids that it acknowledged. */
async function runAndKill(location: StoreLocation, after: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [program, JSON.stringify(location), folder, chain], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const ids: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    // A line that the kill cut off was not received.
    if (line.length === 36) ids.push(line);
    if (ids.length === after) child.kill('SIGKILL');
  }
  expect(await ended).toEqual([null, 'SIGKILL']);
  return ids;
}

async function idsIn(store: Store): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (let seq = 0; ;) {
    const page = await store.recordsAfter(chain, seq, 1000);
    for (const { body } of page) ids.add(z.object({ id: z.string() }).parse(JSON.parse(body)).id);
    const last = page.at(-1);
    if (last === undefined) return ids;
    seq = last.seq;
  }
}

describe.each([
  ['SQLite', 30],
  ['PostgreSQL', 8],
] as const)('on %s', (kind, runs) => {
  test(`over ${runs} kills no acknowledged record is missing, and the chain goes on whole`, { timeout: 240_000 }, async () => {
    proves('audit.kill', {
      file: 'gateway/audit/spool.ts',
      find: '        group.lost = await writer.write(group.entries);\n',
      replace:
        '        group.done.resolve();\n        await new Promise(setImmediate);\n        group.lost = await writer.write(group.entries);\n',
    });
    const location: StoreLocation =
      kind === 'SQLite' ? { kind: 'sqlite', file: join(folder, 'drawbridge.db') } : (await postgresGround(server)).location;
    const acknowledged = new Set<string>();
    for (let run = 0; run < runs; run++) {
      for (const id of await runAndKill(location, 1 + Math.floor(Math.random() ** 2 * 400))) acknowledged.add(id);
      const store = await openStore(location, { logger: quiet });
      try {
        const found = await idsIn(store);
        expect([...acknowledged].filter((id) => !found.has(id))).toEqual([]);
        // At most the groups that were under way when the process died.
        expect(found.size - acknowledged.size).toBeLessThanOrEqual((run + 1) * 16);
        expect(await verifyAudit({ store, ...(await openAuditKey(folder)) })).toMatchObject({ ok: true, records: found.size });
      } finally {
        await store.close();
      }
    }
    console.log(`${kind}: ${runs} kills, ${acknowledged.size} acknowledged records, 0 missing`);
  });
});
