// Makes every managed config name only the gateway: programs move behind the bridge, direct URLs leave. Order of writes, per file: backup (read back and
// compared), ledger, config (compare-and-swap), ledger settled. A crash between any two is made good by doing it again; twice is the same as once.
import type { ConvergedFile, ConvergeReport, HostProgress, HostStep } from '#contract/host-report.ts';
import type { Sealer } from '#contract/secret.ts';
import { Fault } from '#contract/error.ts';
import { reasonOf, removeLeftovers, replaceFile } from './atomic.ts';
import { readBackup, sweepBackups, writeBackup } from './backup.ts';
import type { Change, Target } from './change.ts';
import { samePath, writtenFields, writtenOf } from './change.ts';
import type { Draft } from './draft.ts';
import { draftOf, planOf } from './draft.ts';
import { formatOf } from './format.ts';
import { contentOf, readConfig, sha256Of, shown } from './file.ts';
import type { Ledger, LedgerFile } from './ledger.ts';
import { readLedger, slugOf, withFile, writeLedger } from './ledger.ts';
import { lockHosts } from './lock.ts';
import type { PlanRequest } from './plan.ts';
import { aimOf, allFindings, targetsOf } from './plan.ts';
import { readersOf } from './restart.ts';
import { secretSpans } from './secret.ts';
import { putBack, takenEntries } from './take.ts';

export interface ConvergeRequest extends PlanRequest {
  /** A person asked: what was undone before is forgotten, and a file that was given up is tried again. */
  readonly isAsked?: boolean;
  readonly sealer: Sealer;
  /** The clock, ms since 1970. */
  readonly now: () => number;
  readonly onProgress?: (progress: HostProgress) => void;
}

interface Task {
  readonly request: ConvergeRequest;
  readonly target: Target;
  readonly step: (step: HostStep) => void;
}

/** More than so many reverts of a file within the window, and we stop fighting. */
const maxUndone = 3;
const undoneWindowMs = 10 * 60_000;
const maxAttempts = 4;
/** When what did not go is tried again: a file that its host was just writing, and one that the system did not let us write. */
const onceQuietMs = 1_000;
const onceWritableMs = 60_000;

export async function converge(request: ConvergeRequest): Promise<ConvergeReport> {
  const lock = await lockHosts(request.stateDir, request.signal);
  try {
    let ledger = await readLedger(request.stateDir);
    const files: ConvergedFile[] = [];
    const targets = await targetsOf(request);
    for (const [index, target] of targets.entries()) {
      request.signal?.throwIfAborted();
      const { spec, path } = target;
      const about = { host: spec.id, shownAs: shown(path, request.home), index: index + 1, count: targets.length };
      const task: Task = { request, target, step: (step) => request.onProgress?.({ step, ...about }) };
      const done = await convergeOrSay(task, ledger);
      ledger = done.ledger;
      files.push(done.file);
      task.step('done');
    }
    await sweepBackups(request.stateDir, ledger);
    return { files, findings: allFindings(files) };
  } finally {
    lock.release();
  }
}

/** What fails with one file is said of it, and the others are converged all the same. */
async function convergeOrSay(task: Task, before: Ledger): Promise<{ ledger: Ledger; file: ConvergedFile }> {
  const { request, target } = task;
  try {
    return await convergeFile(task, before);
  } catch (error) {
    // Our own state is not about one file.
    if (request.signal?.aborted || (error instanceof Fault && error.code === 'STATE_DAMAGED')) throw error;
    const now = await draftOf(target, request.home, before, undefined);
    const finding = { code: 'edit_refused' as const, host: target.spec.id, path: now.shownAs, detail: reasonOf(error) };
    const findings = [...now.findings, finding];
    const file = { ...asItIs(now), state: 'drifted' as const, findings, againInMs: onceWritableMs };
    // What it wrote before it failed is in the ledger on the disk, if it came so far.
    return { ledger: await readLedger(request.stateDir), file };
  }
}

async function convergeFile(task: Task, before: Ledger): Promise<{ ledger: Ledger; file: ConvergedFile }> {
  const { request, target, step } = task;
  const draftNow = (ledger: Ledger): Promise<Draft> => draftOf(target, request.home, ledger, aimOf(request));
  let draft = await draftNow(before);
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    step('planned');
    const { change } = draft;
    if (change === undefined) return { ledger: before, file: asItIs(draft) };
    const known = before.files.find((one) => one.path === change.file.realPath);
    if (change.after === change.file.text) {
      const ledger = await forgetRemoved(request, before, known, change);
      return { ledger, file: asItIs(draft) };
    }
    const undone = request.isAsked === true ? [] : undoneOf(known, change, request.now());
    if (undone.length > maxUndone) {
      const againInMs = Math.max(0, (undone[0] ?? 0) + undoneWindowMs - request.now());
      return { ledger: before, file: contended(draft, 'the host undid it again and again', againInMs) };
    }
    const ledger = await write(task, draft, change, known, undone);
    if (ledger !== undefined) return { ledger, file: outcome(draft, await draftNow(ledger)) };
    draft = await draftNow(before);
  }
  // Nothing was written to the config, so the ledger must not say so.
  await writeLedger(request.stateDir, before);
  return { ledger: before, file: contended(draft, 'the file changed each time we were about to write it', onceQuietMs) };
}

/** One attempt; undefined where somebody else wrote the file meanwhile. */
async function write(
  task: Task,
  draft: Draft,
  change: Change,
  known: LedgerFile | undefined,
  undone: number[],
): Promise<Ledger | undefined> {
  const { request, step } = task;
  const { spec, path, folder } = task.target;
  const { stateDir, sealer } = request;
  const { file, after } = change;
  await removeLeftovers(file.realPath);
  const original = await keepOriginal(task, change, known);
  step('backup_written');
  const sha256 = sha256Of(after);
  const isSame = known !== undefined && known.written.includes(file.sha256);
  const taken = takenEntries(change, (name) => slugOf(draft.ledger, name), sealer);
  const record: LedgerFile = {
    host: spec.id,
    path: file.realPath,
    ...(folder === undefined ? {} : { folder }),
    writtenAt: request.now(),
    ranThen: [...(await readersOf(spec, request))],
    ...original,
    written: [...(isSame ? [file.sha256] : []), sha256],
    undone,
    entries: [...stillOurs(known, change).filter((old) => !taken.some((entry) => samePath(entry.path, old.path))), ...taken],
  };
  const pending = withFile(draft.ledger, file.realPath, record);
  await writeLedger(stateDir, pending);
  step('ledger_written');
  const isReplaced = await replaceFile(file.realPath, Buffer.from(after), {
    mode: file.mode,
    owner: file.owner,
    mayReplace: async () => {
      step('temp_written');
      const there = await readConfig(path, folder ?? request.home);
      return 'text' in there && there.realPath === file.realPath && there.sha256 === file.sha256;
    },
  }).catch(async (error: unknown) => {
    // Nothing was written, so the ledger must not say so: what stands there would count as undone by its host.
    if ((await contentOf(file.realPath))?.sha256 === file.sha256) await writeLedger(stateDir, draft.ledger);
    throw error;
  });
  if (!isReplaced) return undefined;
  step('file_replaced');
  // once more: one that was started since may have read what stood there before
  const ranThen = [...(await readersOf(spec, request))];
  const settled = withFile(pending, file.realPath, { ...record, ranThen, written: [sha256] });
  await writeLedger(stateDir, settled);
  step('ledger_settled');
  return settled;
}

/** The bytes to go back to, safely kept: those of the first time while nobody else changed the file, else the present ones with our entries given back. */
async function keepOriginal(
  task: Task,
  change: Change,
  known: LedgerFile | undefined,
): Promise<Pick<LedgerFile, 'original' | 'isRebased'>> {
  const { request } = task;
  const { spec } = task.target;
  const { stateDir, sealer } = request;
  const { file } = change;
  if (known && [...known.written, known.original.sha256].includes(file.sha256)) {
    const { original, isRebased } = known;
    const isThere = await readBackup(stateDir, original.backup, original.sha256, sealer).then(
      () => true,
      (error: unknown) => {
        if (error instanceof Fault && error.code === 'STATE_DAMAGED') return false;
        throw error;
      },
    );
    if (isThere) return { original, isRebased };
  }
  const text = known ? putBack(file.text, spec, known.entries, sealer).text : file.text;
  const reading = formatOf(spec).read(text, spec.keys);
  const secrets = reading.ok ? secretSpans(text, spec, reading.entries) : change.secrets;
  const backup = await writeBackup(stateDir, file.realPath, text, secrets, sealer);
  return { original: { sha256: sha256Of(text), backup }, isRebased: known !== undefined };
}

/** Entries from before that are still ours: what we wrote stands, or they were taken out and nobody brought them back. */
function stillOurs(known: LedgerFile | undefined, change: Change): LedgerFile['entries'] {
  return (known?.entries ?? []).flatMap((entry) => {
    const now = change.ours.find((one) => samePath(one.path, entry.path));
    const { shim: _, url: __, ...rest } = entry;
    if (now && entry.kind !== 'remote') return [{ ...rest, ...writtenFields(now.written) }];
    return entry.kind === 'remote' || writtenOf(entry)?.kind === 'gathered' ? [entry] : [];
  });
}

/** A server whose entry the user removed is offered no longer. */
async function forgetRemoved(
  request: ConvergeRequest,
  ledger: Ledger,
  known: LedgerFile | undefined,
  change: Change,
): Promise<Ledger> {
  if (known === undefined) return ledger;
  const entries = stillOurs(known, change);
  if (entries.length === known.entries.length) return ledger;
  const next = withFile(ledger, known.path, { ...known, entries });
  await writeLedger(request.stateDir, next);
  return next;
}

function undoneOf(known: LedgerFile | undefined, change: Change, now: number): number[] {
  // one from ahead of now was written down before the clock was set back: it would hold us up until then
  const recent = (known?.undone ?? []).filter((at) => at <= now && now - at < undoneWindowMs);
  return change.isUndone ? [...recent, now] : recent;
}

function asItIs(draft: Draft): ConvergedFile {
  return { ...planOf(draft), ...(draft.sha256 && { sha256: draft.sha256 }), isWritten: false };
}

function contended(draft: Draft, detail: string, againInMs: number): ConvergedFile {
  const file = asItIs(draft);
  const finding = { code: 'rewrite_contended' as const, host: file.host, path: file.shownAs, detail };
  return { ...file, state: 'drifted', findings: [...file.findings, finding], againInMs };
}

/** What was done, with what is true now. What was wrong and is right again is still said where somebody has to know: a URL taken out, an entry repaired. */
function outcome(draft: Draft, after: Draft): ConvergedFile {
  const told = draft.findings.filter(({ code }) => ['direct_remote', 'gateway_entry_tamper'].includes(code));
  const still = after.findings.filter(
    ({ code, server }) => !told.some((one) => one.code === code && one.server?.name === server?.name),
  );
  // The hash of what we wrote: what stands there by now may be somebody else's, and must not pass for known.
  const sha256 = draft.change && sha256Of(draft.change.after);
  return { ...asItIs(draft), ...(sha256 && { sha256 }), state: after.state, findings: [...told, ...still], isWritten: true };
}
