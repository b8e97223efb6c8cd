// Appends records to a store as fast as it can, several at a time, whole ones and such as are taken apart, and prints the id of each when it is acknowledged. Ends only by being killed.
// Arguments: the location as JSON, the data directory with the key, the chain.
import { writeSync } from 'node:fs';
import { pino } from 'pino';
import { z } from 'zod';
import { openAuditKey } from '../../gateway/audit/key.ts';
import { openRecorder } from '../../gateway/audit/spool.ts';
import { openStore } from '../../gateway/store/open.ts';
import { callRecord, recordOf } from '../suite/sample.ts';

const Location = z.union([
  z.object({ kind: z.literal('sqlite'), file: z.string() }),
  z.object({ kind: z.literal('postgres'), url: z.string() }),
]);
const [location = '', directory = '', chain = ''] = process.argv.slice(2);
const logger = pino({ level: 'silent' });
const store = await openStore(Location.parse(JSON.parse(location)), { logger });
const recorder = await openRecorder({ store, ...(await openAuditKey(directory)), chain, mode: 'durable', logger });

const legs = { hostToGateway: 1, gatewayToServer: 2, serverToGateway: 3, gatewayToHost: 4 };
let written = 0;

async function appendForever(): Promise<never> {
  for (;;) {
    written += 1;
    const at = Date.now();
    const record =
      written % 3 === 0
        ? recordOf(at, { text: 'x'.repeat(Math.floor(Math.random() * 500)) })
        : callRecord(null, { at, legs, tool: `tool-${written % 50}` });
    await recorder.append(record);
    await say(`${record.id}\n`);
  }
}

/** Past every buffer of this process, as an answer to a client would be. Whoever reads may be late: the pipe says EAGAIN then. */
async function say(line: string): Promise<void> {
  for (;;) {
    try {
      return void writeSync(1, line);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      await new Promise(setImmediate);
    }
  }
}
await Promise.all(Array.from({ length: 8 }, appendForever));
