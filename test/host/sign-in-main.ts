// `node test/host/sign-in-main.ts [host…] [--json]`: hosts and clients that hold nothing but the URLs that the bridge put into their configs sign in, and the
// table of what was seen. A host that can't is named with the reason; the exit code is 0 only where every claim was seen of every host.
import { parseArgs } from 'node:util';
import { prepareGround } from './sign-in-ground.ts';
import { type SigningHost, signingHosts } from './sign-in-host.ts';
import { type SignInVerdict, trySignIn } from './sign-in-trial.ts';

type Row = SignInVerdict | { readonly host: string; readonly version: string; readonly reason: string };

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean', default: false } }, allowPositionals: true });
const unknown = positionals.filter((id) => !signingHosts.some((host) => host.id === id));
if (unknown.length > 0) {
  process.stderr.write(`no such host: ${unknown.join(', ')}; there are ${signingHosts.map(({ id }) => id).join(', ')}\n`);
  process.exit(2);
}
const ground = await prepareGround();
const rows: Row[] = [];
try {
  for (const host of signingHosts.filter(({ id }) => positionals.length === 0 || positionals.includes(id)))
    rows.push(await rowOf(host));
} finally {
  await ground.close();
}
process.stdout.write(values.json ? `${JSON.stringify({ version: 1, hosts: rows }, undefined, 2)}\n` : tableOf(rows));
process.exitCode = rows.every((row) => !('reason' in row) && row.signedIn && row.called === 2 && row.secondSilent) ? 0 : 1;

async function rowOf(host: SigningHost): Promise<Row> {
  const { id, version } = host;
  const reason = host.missing();
  if (reason !== undefined) return { host: id, version, reason };
  process.stderr.write(`${id} ${version}\n`);
  try {
    return await trySignIn(host, ground);
  } catch (error) {
    return { host: id, version, reason: error instanceof Error ? error.message.slice(0, 2000) : String(error) };
  }
}

function tableOf(all: readonly Row[]): string {
  const head = ['host', 'version', 'signed in', 'asked of the person', 'tools of two servers', 'second entry silent'];
  const lines = all.map((row) =>
    'reason' in row
      ? [row.host, row.version, row.reason]
      : [
          row.host,
          row.version,
          row.signedIn ? 'yes' : 'NO',
          row.asked[0].join(', ') || 'nothing',
          row.called === 2 ? 'called' : 'NO',
          row.secondSilent ? 'yes' : `NO: ${row.asked[1].join(', ')}`,
        ],
  );
  const widths = head.map((title, at) =>
    Math.max(title.length, ...lines.filter((line) => line.length > 3).map((line) => (line[at] ?? '').length)),
  );
  return [head, ...lines]
    .map(
      (line) =>
        `${line
          .map((text, at) => text.padEnd(widths[at] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
