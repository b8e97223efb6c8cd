// What was taken over from the hosts' configs, and what it takes to give it back. Written before a config is changed, so that a crash loses nothing. Secrets in
// it are sealed. A damaged or newer ledger is refused untouched, because it is the only way back.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { Fault } from '#contract/error.ts';
import { Slug } from '#contract/id.ts';
import { blaming, makeFolder, readPlainText } from '../plain-file.ts';
import { codeOf, replaceFile } from './atomic.ts';
import { SealedText } from './sealed-text.ts';

/** Of a host that has more, the others are not looked at. */
export const maxRanThen = 200;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** One entry that we changed, took out or put in. */
export const LedgerEntry = z.strictObject({
  name: z.string(),
  path: z.array(z.string()).min(1),
  /** `stdio`: re-homed; `remote`: taken out of the file; `added`: put in by us, to stand for all. */
  kind: z.enum(['stdio', 'remote', 'added']),
  server: Slug.optional(),
  /** The program, as JSON text. */
  line: SealedText.optional(),
  /** What we wrote in its place: a program or a URL. Neither: nothing, for another entry stands for all. */
  shim: z.strictObject({ command: z.string(), args: z.array(z.string()) }).optional(),
  url: z.string().optional(),
  /** The text that makes the entry. */
  pieces: z.array(z.strictObject({ form: z.enum(['section', 'line', 'member']), under: z.array(z.string()), text: SealedText })),
});
export type LedgerEntry = z.infer<typeof LedgerEntry>;

export const LedgerFile = z.strictObject({
  host: z.string(),
  path: z.string(),
  /** Of a file in a project's folder: that folder. */
  folder: z.string().optional(),
  /** When we wrote it last (ms since 1970). */
  writtenAt: z.number().optional(),
  /** The processes of the host that ran then, as running.ts names them. */
  ranThen: z.array(z.string()).max(maxRanThen).optional(),
  /** The bytes to go back to: those from before our first change, with what others changed since. */
  original: z.strictObject({ sha256, backup: z.string().regex(/^[0-9a-f]{16}-[0-9a-f]{16}\.json$/) }),
  /** Others changed the file after us, so `original` is no longer what we once found. */
  isRebased: z.boolean(),
  /** It was not there when it was to be given back. */
  wasGone: z.boolean().optional(),
  /** What we wrote: the last version, and the one that was about to be written. */
  written: z.array(sha256).max(2),
  /** When entries of ours were found undone (ms since 1970), the latest. */
  undone: z.array(z.number()).max(10),
  entries: z.array(LedgerEntry),
});
export type LedgerFile = z.infer<typeof LedgerFile>;

export const Ledger = z.strictObject({
  version: z.literal(1),
  /** The slug of every entry name ever seen. It never changes. */
  slugs: z.array(z.strictObject({ name: z.string(), server: Slug })),
  files: z.array(LedgerFile),
});
export type Ledger = z.infer<typeof Ledger>;

export function hostDir(stateDir: string): string {
  return join(stateDir, 'host');
}

export async function readLedger(stateDir: string): Promise<Ledger> {
  let text: string;
  try {
    text = await readPlainText(join(hostDir(stateDir), 'ledger.json'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { version: 1, slugs: [], files: [] };
    return blaming(join(hostDir(stateDir), 'ledger.json'))(error);
  }
  const parsed = Ledger.safeParse(jsonOf(text));
  if (!parsed.success)
    throw new Fault(
      'STATE_DAMAGED',
      { file: 'host/ledger.json', reason: 'it is damaged or of a newer version' },
      { cause: parsed.error },
    );
  return parsed.data;
}

export async function writeLedger(stateDir: string, ledger: Ledger): Promise<void> {
  const file = join(hostDir(stateDir), 'ledger.json');
  const bytes = Buffer.from(`${JSON.stringify(ledger, null, 1)}\n`);
  await makeFolder(hostDir(stateDir)).catch(blaming(hostDir(stateDir)));
  await replaceFile(file, bytes, { mode: 0o600 }).catch(blaming(file));
}

/** Hashes of what we wrote to a file, the version that is about to be written included. Empty where the ledger can't be read: doubt is drift. */
export async function writtenBy(stateDir: string, realPath: string): Promise<readonly string[]> {
  const ledger = await readLedger(stateDir).catch(() => undefined);
  return ledger?.files.find(({ path }) => path === realPath)?.written ?? [];
}

/** The ledger with one file's part exchanged, or taken out. */
export function withFile(ledger: Ledger, path: string, file: LedgerFile | undefined): Ledger {
  const others = ledger.files.filter((known) => known.path !== path);
  return { ...ledger, files: file ? [...others, file] : others };
}

/** Gives every name a slug: its own where it is one, else one made from it, told apart by a hash where it is taken. What has one keeps it. */
export function withSlugs(ledger: Ledger, names: readonly string[]): Ledger {
  const slugs = [...ledger.slugs];
  const known = new Set(slugs.map(({ name }) => name));
  const taken = new Set<string>(slugs.map(({ server }) => server));
  const wanted = [...new Set(names)].filter((name) => !known.has(name)).sort();
  const isOwn = (name: string): boolean => Slug.safeParse(name).success;
  for (const name of [...wanted.filter(isOwn), ...wanted.filter((other) => !isOwn(other))]) {
    const server = freeSlug(name, taken);
    taken.add(server);
    slugs.push({ name, server });
  }
  return { ...ledger, slugs };
}

function freeSlug(name: string, taken: ReadonlySet<string>): Slug {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-');
  const base = plain
    .replace(/([-_])[-_]+/g, '$1')
    .replace(/^[-_]+|[-_]+$/g, '')
    .slice(0, 40)
    .replace(/[-_]+$/, '');
  if (base !== '' && !taken.has(base)) return Slug.parse(base);
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  const start = base.slice(0, 31).replace(/[-_]+$/, '');
  return Slug.parse(start === '' ? `server-${hash}` : `${start}-${hash}`);
}

/** The slug that the ledger gives a name; withSlugs has run for it. */
export function slugOf(ledger: Ledger, name: string): Slug {
  return ledger.slugs.find((known) => known.name === name)?.server ?? freeSlug(name, new Set());
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
