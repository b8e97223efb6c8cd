// Changes the store of the file that its argument names each time it gets a line, and answers with the time when that was committed.
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { Fingerprint, Slug } from '#contract/id.ts';
import { openStore } from '../../gateway/store/open.ts';

const [file = ''] = process.argv.slice(2);
const store = await openStore({ kind: 'sqlite', file }, { logger: pino({ level: 'silent' }) });
const fingerprint = Fingerprint.parse(`sha256:${'0'.repeat(64)}`);
for await (const line of createInterface({ input: process.stdin })) {
  await store.decide(Slug.parse('memory'), fingerprint, 'approved', line, Date.now());
  console.log(Date.now());
}
await store.close();
