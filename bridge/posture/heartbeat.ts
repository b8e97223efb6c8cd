// Writes the posture file when something changed, and at each heartbeat when nothing did, so that silence means that nobody writes.
// Rule: one write at a time, the newest state wins, and what can't be written is said once, until it can be, and tried again at the next beat.
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import type { AgentState } from '#contract/agent.ts';
import { Fault } from '#contract/error.ts';
import { blaming } from '../plain-file.ts';
import { collect } from './collect.ts';
import type { PostureBefore, PostureFacts } from './collect.ts';
import { mirrorPath, writeMirror } from './mirror.ts';
import { readPosture, writePosture } from './status-file.ts';
import type { PostureSigner } from './status-file.ts';
import type { PostureStatus } from '#contract/posture.ts';

export interface HeartbeatDeps {
  readonly facts: Omit<PostureFacts, 'heartbeatSeconds'>;
  /** Where it is to be written now; the profile may move it. */
  file(): Promise<string>;
  /** Called before the first write into a folder; it rejects never. */
  onFolder?(folder: string): Promise<unknown>;
  heartbeatSeconds(): number;
  current(): AgentState;
  signer(): PostureSigner | undefined;
  /** What is true now, each time that it is looked at: also where the file can't be written. */
  onStatus?(status: PostureStatus): void;
  readonly now: () => number;
  readonly logger: Logger;
}

export interface Heartbeat {
  /** The state changed: write soon. */
  changed(): void;
  /** Writes now and resolves with what was written; undefined where it could not be. */
  beat(): Promise<PostureStatus | undefined>;
  /** Writes "stopped" as the last one. Idempotent. */
  close(): Promise<void>;
}

const dampMs = 500;
/** MDM's own user is to read them. */
const readable = 'mode 0644, its folder 0755';

export function createHeartbeat(deps: HeartbeatDeps): Heartbeat {
  let last: { readonly file: string; readonly before: PostureBefore; readonly essence: string } | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  let damper: NodeJS.Timeout | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closing: Promise<void> | undefined;
  let saidUnsupported = false;
  const own = { file: createTrouble('posture file', deps.logger), mirror: createTrouble('posture.sqlite', deps.logger) };

  const beatAgainIn = (seconds: number): void => {
    clearTimeout(timer);
    if (!closing) timer = setTimeout(() => void beat('due'), seconds * 1000).unref();
  };
  const write = async (why: 'changed' | 'due' | 'stopping'): Promise<PostureStatus | undefined> => {
    try {
      const file = await deps.file();
      const before = last?.file === file ? last.before : await beforeOf(file);
      if (last?.file !== file) await deps.onFolder?.(dirname(file));
      const heartbeatSeconds = deps.heartbeatSeconds();
      const status = collect(deps.current(), { ...deps.facts, heartbeatSeconds }, before, deps.now(), why === 'stopping');
      const essence = essenceOf(status);
      if (why === 'changed' && last?.file === file && last.essence === essence) return undefined;
      deps.onStatus?.(status);
      beatAgainIn(heartbeatSeconds);
      const sha256 = await writePosture(file, status, deps.signer()).catch(blaming(file, readable));
      own.file.isOver();
      last = { file, before: { sequence: status.sequence, findings: status.findings, sha256 }, essence };
      await mirror(file, status);
      return status;
    } catch (error) {
      own.file.is(error);
      beatAgainIn(deps.heartbeatSeconds());
      return undefined;
    }
  };
  /** The status file is what counts: without its mirror everything goes on. */
  const mirror = async (file: string, status: PostureStatus): Promise<void> => {
    try {
      const written = await writeMirror(file, status).catch(blaming(mirrorPath(file), readable));
      if (written === 'written') own.mirror.isOver();
      else if (!saidUnsupported) {
        saidUnsupported = true;
        deps.logger.info('posture.sqlite not written: this runtime has no SQLite');
      }
    } catch (error) {
      own.mirror.is(error);
    }
  };
  const beat = (why: 'changed' | 'due' | 'stopping'): Promise<PostureStatus | undefined> => {
    clearTimeout(damper);
    damper = undefined;
    const written = queue.then(() => write(why));
    queue = written;
    return written;
  };

  return {
    changed() {
      if (!closing) damper ??= setTimeout(() => void beat('changed'), dampMs).unref();
    },
    beat: () => (closing ? Promise.resolve(undefined) : beat('due')),
    close() {
      closing ??= beat('stopping').then(() => clearTimeout(timer));
      return closing;
    },
  };
}

async function beforeOf(file: string): Promise<PostureBefore> {
  const found = await readPosture(file);
  if (found.kind !== 'read') return { sequence: 0, findings: [], sha256: undefined };
  const { status, sha256 } = found;
  return { sequence: status.sequence, findings: status.findings, sha256 };
}

const changesByItself = new Set(['generated_at', 'expires_at', 'sequence', 'integrity', 'last_ok_at', 'last_seen']);

/** Without what changes from one write to the next though nothing happened. */
function essenceOf(status: PostureStatus): string {
  return JSON.stringify(status, (key, value: unknown) => (changesByItself.has(key) ? undefined : value));
}

interface Trouble {
  is(error: unknown): void;
  isOver(): void;
}

/** Says why a file is not written: once for each reason, and once that it is over. */
function createTrouble(what: string, logger: Logger): Trouble {
  let said: string | undefined;
  return {
    is(error) {
      const isKnown = error instanceof Fault;
      // the system's own words name a draft, which is another one each time
      const reason = isKnown ? error.message : error instanceof Error && 'code' in error ? String(error.code) : String(error);
      if (reason === said) return;
      said = reason;
      logger.error(isKnown ? { code: error.code, reason } : { err: error }, `${what} not written`);
    },
    isOver() {
      if (said !== undefined) logger.info(`${what} written again`);
      said = undefined;
    },
  };
}
