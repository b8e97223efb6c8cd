// `node test/outage/main.ts [RECORDS] [KIND…]`: an outage in the middle of so many records (10,000) for each kind of sink, as a table. Exit code 1 where a record is missing.
import { outage, receivedKinds, type SinkKind } from './outage.ts';

const [count = '10000', ...named] = process.argv.slice(2);
const isKind = (name: string): name is SinkKind => receivedKinds.some((kind) => kind === name);
const kinds = named.length === 0 ? receivedKinds : named.filter(isKind);
const line = (...cells: readonly (string | number)[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`);
line('sink', 'records', 'missing', 'came again', 'with an id that is none', 's');
line('---', '---', '---', '---', '---', '---');
for (const kind of kinds) {
  const { records, missing, repeated, strangers, seconds } = await outage(kind, Number(count));
  line(kind, records, missing, repeated, strangers, seconds.toFixed(0));
  if (missing > 0 || strangers > 0) process.exitCode = 1;
}
