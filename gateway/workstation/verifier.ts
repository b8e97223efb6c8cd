// Checks the signatures of those who prove themselves. Where few come each has a turn in Node's pool; when thousands come back at once their signatures go by
// groups to a thread of their own, because to hand over each by itself costs the main thread nearly as much as the check. The rule: who asks gets the answer to
// exactly that question, whatever becomes of the thread: what it does not answer is checked in the pool.
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { isSigned, type Signed } from './signature.ts';

export interface Verifier {
  isSigned(of: Signed): Promise<boolean>;
  /** Idempotent. */
  close(): Promise<void>;
}

interface Question {
  readonly of: Signed;
  readonly answer: (isTrue: boolean) => void;
}

interface Thread {
  readonly worker: Worker;
  /** What was sent and is not answered, in its order. */
  readonly sent: { readonly questions: readonly Question[]; readonly sinceMs: number }[];
  isReady: boolean;
  usedAt: number;
}

/** So many questions of one turn are a storm. A thread costs as much as three hundred signatures to start, and some MB while it is there. */
const storm = 16;
/** Once it stands, so few are handed to it: each that goes to the pool costs the main thread a third of a ms, which is as much as the whole of a group's message. */
const worthSending = 4;
/** What may wait for the thread: 70 ms of it. What is over that goes to the pool. */
const waitingAtMost = 512;
const idleMs = 10_000;
/** A group takes some milliseconds. */
const answersWithinMs = 2000;
const lookEveryMs = 1000;
const triedAgainMs = 60_000;

export function createVerifier({
  logger,
  stormFrom = storm,
  program = new URL('signature-worker.ts', import.meta.url),
}: {
  readonly logger: Logger;
  readonly stormFrom?: number;
  /** What the thread runs. */
  readonly program?: URL;
}): Verifier {
  let asked: Question[] = [];
  let thread: Thread | undefined;
  let failedAt = -Infinity;
  let isClosed = false;
  let looks: NodeJS.Timeout | undefined;

  const inPool = (questions: readonly Question[]): void => {
    for (const { of, answer } of questions) void isSigned(of).then(answer);
  };

  /** All that were asked in one turn. */
  function check(): void {
    const questions = asked;
    asked = [];
    if (isClosed || questions.length < (thread?.isReady === true ? worthSending : stormFrom)) return inPool(questions);
    thread ??= performance.now() - failedAt < triedAgainMs ? undefined : start();
    // The first of a storm do not wait until it stands.
    if (thread?.isReady !== true) return inPool(questions);
    const waiting = thread.sent.reduce((sum, group) => sum + group.questions.length, 0);
    const fitting = questions.slice(0, Math.max(waitingAtMost - waiting, 0));
    inPool(questions.slice(fitting.length));
    if (fitting.length === 0) return;
    thread.usedAt = performance.now();
    thread.sent.push({ questions: fitting, sinceMs: thread.usedAt });
    thread.worker.postMessage(fitting.map(({ of }) => of));
  }

  /** Undefined where there is no thread to be had: the process or the machine has too many. */
  function make(): Worker | undefined {
    try {
      // What is loaded beside the gateway server has nothing to do there.
      return new Worker(program, { execArgv: [], resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 } });
    } catch (err) {
      failed(err);
      return undefined;
    }
  }

  function start(): Thread | undefined {
    const worker = make();
    if (worker === undefined) return undefined;
    const started: Thread = { worker, sent: [], isReady: false, usedAt: performance.now() };
    worker.unref();
    // It says first that it stands: that it is online comes a tenth of a second before.
    worker.once('message', () => {
      started.isReady = true;
      worker.on('message', (answers: unknown) => answered(started, answers));
    });
    worker.on('error', (err) => fail(started, err));
    worker.on('exit', () => ended(started));
    looks = setInterval(() => {
      const [oldest] = started.sent;
      const nowMs = performance.now();
      if (oldest !== undefined && nowMs - oldest.sinceMs >= answersWithinMs) fail(started, new Error('it does not answer'));
      if (oldest === undefined && nowMs - started.usedAt >= idleMs) void worker.terminate();
    }, lookEveryMs).unref();
    return started;
  }

  function answered(of: Thread, answers: unknown): void {
    const group = of.sent[0]?.questions;
    if (group === undefined || !Array.isArray(answers) || answers.length !== group.length)
      return fail(of, new Error('it answers what it was not asked'));
    of.sent.shift();
    for (const [index, { answer }] of group.entries()) answer(answers[index] === true);
  }

  /** What it has said already and what is not read yet may be of other questions. */
  function fail({ worker }: Thread, err: unknown): void {
    failed(err);
    worker.removeAllListeners('message');
    void worker.terminate();
  }

  function failed(err: unknown): void {
    failedAt = performance.now();
    logger.warn({ err }, 'the thread that checks signatures failed, so they are checked without it');
  }

  function ended(of: Thread): void {
    clearInterval(looks);
    thread = undefined;
    inPool(of.sent.splice(0).flatMap(({ questions }) => questions));
  }

  return {
    isSigned: (of) =>
      new Promise((resolve) => {
        if (asked.length === 0) setImmediate(check);
        asked.push({ of, answer: resolve });
      }),
    async close() {
      isClosed = true;
      await thread?.worker.terminate();
    },
  };
}
