// Opens the store of the file that its argument names, prints the organization's id, and closes it.
import { pino } from 'pino';
import { openStore } from '../../gateway/store/open.ts';

const [file = ''] = process.argv.slice(2);
const store = await openStore({ kind: 'sqlite', file }, { logger: pino({ level: 'silent' }) });
console.log(await store.organization());
await store.close();
