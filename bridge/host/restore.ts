// Gives every config back: byte for byte where it is still what we wrote, else our entries alone, put back into what others made of it since.
import type { HostProgress, HostStep, RestoredFile, RestoreReport } from '#contract/host-report.ts';
import type { HostSpec } from '#contract/host.ts';
import { Fault } from '#contract/error.ts';
import type { Finding } from '#contract/finding.ts';
import type { Sealer } from '#contract/secret.ts';
import { reasonOf, removeLeftovers, replaceFile } from './atomic.ts';
import { readBackup, sweepBackups } from './backup.ts';
import { diffOf } from './diff.ts';
import { formatOf, whereUnread } from './format.ts';
import type { ConfigFile } from './file.ts';
import { readConfig, restoreLimitBytes, sha256Of, shown } from './file.ts';
import type { LedgerFile } from './ledger.ts';
import { readLedger, withFile, writeLedger } from './ledger.ts';
import { lockHosts } from './lock.ts';
import { allFindings } from './plan.ts';
import { secretSpans } from './secret.ts';
import { hasOurs, putBack } from './take.ts';

export interface RestoreRequest {
  readonly home: string;
  readonly stateDir: string;
  readonly hosts: readonly HostSpec[];
  /** Ids of the hosts to give back; absent: all. */
  readonly only?: readonly string[];
  readonly sealer: Sealer;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: HostProgress) => void;
}

type Step = (step: HostStep) => void;
const maxAttempts = 4;

export async function restore(request: RestoreRequest): Promise<RestoreReport> {
  const { stateDir, hosts, home } = request;
  const lock = await lockHosts(stateDir, request.signal);
  try {
    let ledger = await readLedger(stateDir);
    const records = ledger.files.filter((record) => request.only?.includes(record.host) ?? true);
    const files: RestoredFile[] = [];
    for (const [index, record] of records.entries()) {
      request.signal?.throwIfAborted();
      const about = { host: record.host, shownAs: shown(record.path, home), index: index + 1, count: records.length };
      const step: Step = (name) => request.onProgress?.({ step: name, ...about });
      const spec = hosts.find((one) => one.id === record.host);
      const file = spec === undefined ? unknownHost(record, home) : await restoreOrSay(request, spec, record, step);
      files.push(file);
      if (['exact', 'merged', 'unchanged'].includes(file.result)) {
        ledger = withFile(ledger, record.path, undefined);
        await writeLedger(stateDir, ledger);
        step('ledger_settled');
      }
      if (file.result === 'gone' && record.wasGone !== true) {
        ledger = withFile(ledger, record.path, { ...record, wasGone: true });
        await writeLedger(stateDir, ledger);
      }
      step('done');
    }
    await sweepBackups(stateDir, ledger);
    return { files, findings: allFindings(files) };
  } finally {
    lock.release();
  }
}

/** A newer version changed it and this one does not know how: what it needs must be kept. */
function unknownHost({ host, path, folder }: LedgerFile, home: string): RestoredFile {
  const shownAs = shown(path, home);
  const finding: Finding = { code: 'edit_refused', host, path: shownAs, detail: 'this version does not know its host' };
  const scope = folder === undefined ? 'user' : 'project';
  return { host, title: host, path, shownAs, format: 'json', scope, result: 'refused', findings: [finding], diff: '' };
}

/** A file that was gone meanwhile is the one that we wrote only where something says so: what was taken out of another is not for this one. */
function isAnew(spec: HostSpec, { wasGone, written, entries }: LedgerFile, { text, sha256 }: ConfigFile): boolean {
  return (
    wasGone === true && !written.includes(sha256) && formatOf(spec).read(text, spec.keys).ok && !hasOurs(text, spec, entries)
  );
}

interface Target {
  readonly text: string;
  readonly result: 'exact' | 'merged' | 'refused';
  readonly refused: readonly string[];
}

function baseOf(spec: HostSpec, { path, folder }: LedgerFile, home: string) {
  const scope = folder === undefined ? ('user' as const) : ('project' as const);
  const findings: Finding[] = [];
  const shownAs = shown(path, home);
  return { host: spec.id, title: spec.title, path, shownAs, format: spec.format, scope, findings, diff: '' };
}

/** What fails with one file is said of it, and the others are given back all the same. */
async function restoreOrSay(request: RestoreRequest, spec: HostSpec, record: LedgerFile, step: Step): Promise<RestoredFile> {
  try {
    return await restoreFile(request, spec, record, step);
  } catch (error) {
    if (request.signal?.aborted) throw error;
    const base = baseOf(spec, record, request.home);
    const finding: Finding = { code: 'edit_refused', host: spec.id, path: base.shownAs, detail: reasonOf(error) };
    return { ...base, result: 'refused', findings: [finding] };
  }
}

async function restoreFile(request: RestoreRequest, spec: HostSpec, record: LedgerFile, step: Step): Promise<RestoredFile> {
  const { home } = request;
  const base = baseOf(spec, record, home);
  const { shownAs } = base;
  const finding = (of: Pick<Finding, 'code' | 'detail'>): Finding => ({ ...of, host: spec.id, path: shownAs });
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const file = await readConfig(record.path, record.folder ?? home, restoreLimitBytes);
    if (!('text' in file)) {
      if (file.state === 'missing') return { ...base, result: 'gone' };
      return {
        ...base,
        result: 'refused',
        findings: [finding({ code: file.code ?? 'config_unsupported', detail: file.reason })],
      };
    }
    if (file.sha256 === record.original.sha256 || isAnew(spec, record, file))
      return { ...base, result: 'unchanged', sha256: file.sha256 };
    if (file.isReadonly)
      return { ...base, result: 'refused', findings: [finding({ code: 'config_readonly', detail: 'it may not be written' })] };
    const target = await targetOf(request, spec, record, file).catch((error: unknown) => {
      // Another file may be restored without the key that this one needs.
      if (error instanceof Fault) return error;
      throw error;
    });
    step('planned');
    if (target instanceof Fault || target.result === 'refused') {
      const reading = formatOf(spec).read(file.text, spec.keys);
      if (!reading.ok) {
        const why = finding({ code: 'unparseable', detail: whereUnread(reading) });
        return { ...base, result: 'refused', sha256: file.sha256, findings: [why] };
      }
      const reason = target instanceof Fault ? target.message : target.refused.join(', ');
      const detail = `not put back: ${reason}`.slice(0, 500);
      return { ...base, result: 'refused', sha256: file.sha256, findings: [finding({ code: 'edit_refused', detail })] };
    }
    const sha256 = sha256Of(target.text);
    if (sha256 === file.sha256) return { ...base, result: target.result, sha256 };
    if (await write(request, record, file, target.text, step))
      return { ...base, result: target.result, sha256, diff: differences(spec, shownAs, file.text, target.text) };
  }
  const detail = 'the file changed each time we were about to write it';
  return { ...base, result: 'refused', findings: [finding({ code: 'rewrite_contended', detail })] };
}

/** What the file must become. A backup that is lost or can't be opened leaves the way of the entries. */
export async function targetOf(
  { stateDir, sealer }: Pick<RestoreRequest, 'stateDir' | 'sealer'>,
  spec: HostSpec,
  record: LedgerFile,
  file: ConfigFile,
): Promise<Target> {
  const { original, written, entries, isRebased } = record;
  if (written.includes(file.sha256)) {
    const backup = await readBackup(stateDir, original.backup, original.sha256, sealer).catch((error: unknown) => {
      if (error instanceof Fault && error.code === 'STATE_DAMAGED') return undefined;
      throw error;
    });
    if (backup !== undefined) {
      const { text, refused } = putBack(backup, spec, entries, sealer);
      if (refused.length > 0) return { text, result: 'refused', refused };
      return { text, result: isRebased || text !== backup ? 'merged' : 'exact', refused };
    }
  }
  const { text, refused } = putBack(file.text, spec, entries, sealer);
  return { text, result: refused.length > 0 ? 'refused' : 'merged', refused };
}

async function write({ home }: RestoreRequest, record: LedgerFile, file: ConfigFile, text: string, step: Step): Promise<boolean> {
  await removeLeftovers(file.realPath);
  const isReplaced = await replaceFile(file.realPath, Buffer.from(text), {
    mode: file.mode,
    owner: file.owner,
    mayReplace: async () => {
      step('temp_written');
      const there = await readConfig(record.path, record.folder ?? home, restoreLimitBytes);
      return 'text' in there && there.realPath === file.realPath && there.sha256 === file.sha256;
    },
  });
  if (isReplaced) step('file_replaced');
  return isReplaced;
}

/** Secrets as [secret]; empty where nothing differs. */
export function differences(spec: HostSpec, shownAs: string, before: string, after: string): string {
  const side = (text: string): { text: string; secrets: ReturnType<typeof secretSpans> } => {
    const reading = formatOf(spec).read(text, spec.keys);
    return { text, secrets: secretSpans(text, spec, reading.ok ? reading.entries : []) };
  };
  return diffOf(shownAs, side(before), side(after));
}
