// `node test/host/main.ts [host…] [--json]`: drives npm's real AI hosts and prints what each of them was seen to do, as a table or as JSON.
// A host that is not installed or can't be driven is named with the reason; the exit code is 0 only where every claim was seen of every host.
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { bringHosts } from '../../build/setup/hosts.mjs';
import { realHosts } from './every.ts';
import type { RealHost } from './host.ts';
import { folderOf, packageOf } from './run.ts';
import { tryHost } from './trial.ts';
import { type Verdict, claims, judge } from './verdict.ts';

/** A verdict, or why there is none. */
type Row = Verdict | { readonly host: string; readonly version: string; readonly reason: string };

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean', default: false } }, allowPositionals: true });
const unknown = positionals.filter((id) => !realHosts.some((host) => host.id === id));
if (unknown.length > 0) {
  process.stderr.write(`no such host: ${unknown.join(', ')}; there are ${realHosts.map(({ id }) => id).join(', ')}\n`);
  process.exit(2);
}
const wanted = realHosts.filter(({ id }) => positionals.length === 0 || positionals.includes(id));
await bringHosts(process.env, wanted.map(packageOf));

const rows: Row[] = [];
for (const host of wanted) rows.push(await rowOf(host));
process.stdout.write(values.json ? `${JSON.stringify({ version: 1, hosts: rows }, undefined, 2)}\n` : tableOf(rows));
process.exitCode = rows.every((row) => !('reason' in row) && claims.every((claim) => row[claim])) ? 0 : 1;

async function rowOf(host: RealHost): Promise<Row> {
  const { id, version } = packageOf(host);
  if (!existsSync(folderOf(host))) return { host: id, version, reason: 'not installed: npm did not bring it' };
  try {
    return judge(await tryHost(host, (line) => process.stderr.write(`${id} ${version}: ${line}\n`)));
  } catch (error) {
    return { host: id, version, reason: error instanceof Error ? error.message : String(error) };
  }
}

function tableOf(all: readonly Row[]): string {
  const head = [
    'host',
    'version',
    'lists',
    'direct',
    'converged',
    'unapproved refused',
    'permission survives',
    'restored',
    'local only',
    'mcp add undone in',
  ];
  const lines = all.map((row) => [
    row.host,
    row.version,
    ...('reason' in row
      ? [row.reason]
      : [...claims.map((claim) => (row[claim] ? 'yes' : 'NO')), row.repairedMs === null ? '-' : `${row.repairedMs} ms`]),
  ]);
  const widths = head.map((text, i) =>
    Math.max(text.length, ...lines.map((line) => (line.length > 3 ? (line[i] ?? '') : '').length), i === 0 ? 12 : 0),
  );
  return [head, ...lines]
    .map(
      (line) =>
        `${line
          .map((text, i) => text.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
