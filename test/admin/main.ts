// `npm run matrix`: prints capability x operation as it is found by asking a running admin API, and fails where an operation is not as it declares.
import { matrix, type Row, type Seen } from './matrix.ts';

const word = ({ status, code }: Seen): string => (code === undefined ? String(status) : `${status} ${code}`);
const isRight = ({ capability, with: allowed, without, elsewhere }: Row): boolean =>
  allowed.status < 300 &&
  (capability === 'any' ? without.status === 401 : without.status === 403 && without.capability === capability) &&
  (elsewhere === undefined || elsewhere.code === 'GATEWAY_NOT_GRANTED');

const rows = await matrix();
process.stdout.write(
  '| operation | capability | with it | without it | with it, gateway not granted | |\n| --- | --- | --- | --- | --- | --- |\n',
);
for (const row of rows) {
  const cells = [
    row.id,
    row.capability,
    word(row.with),
    word(row.without),
    row.elsewhere ? word(row.elsewhere) : '',
    isRight(row) ? 'as declared' : 'WRONG',
  ];
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}
const wrong = rows.filter((row) => !isRight(row)).length;
process.stdout.write(`\n${rows.length} operations, ${wrong} not as declared\n`);
process.exitCode = wrong === 0 ? 0 : 1;
