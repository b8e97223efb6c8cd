// One local server: a child without a shell, its lines in and out, its last words, and its end.
//   start -> running -> (close() | it ends | it never answers | it stays idle) -> onExit once
// Nothing of its process group survives its end.
import { Fault } from '#contract/error.ts';
import type { Remnant } from '#contract/remnant.ts';
import { spawnGuarded } from './guard.ts';
import type { Launch } from './launch.ts';
import { readLines } from './lines.ts';
import type { LocalServer, LocalServerEvents } from './pool.ts';
import { createRedactor, secretsIn } from './redact.ts';
import { createRing } from './ring.ts';
import { createWriter } from './writer.ts';

export interface ProcessLimits {
  /** One line of output. */
  readonly messageBytes: number;
  /** From the first message written to the first one read. */
  readonly startMs: number;
  /** Without a message either way. */
  readonly idleMs: number;
}

/** Who ended it: the channel, we for want of messages, or something that should not be. */
type EndedBy = 'channel' | 'idleness' | 'failure';

export interface ProcessEvents extends Omit<LocalServerEvents, 'onExit'> {
  onExit(fault: Fault | undefined, by: EndedBy): void;
  /** A line that it said beside its messages, redacted. */
  onSaid?(line: string): void;
  /** It was to end without anybody waiting for it, and can't be ended: it may still run. */
  onStuck(error: unknown): void;
}

export interface RunningServer extends LocalServer {
  readonly pid: number;
  /** Lines of its output that were no messages. */
  strayLines(): number;
  /** Resolves after onExit. */
  readonly over: Promise<void>;
}

const eofGraceMs = 600;
const terminateGraceMs = 600;
const drainMs = 1000;
const drainWhenClosedMs = 200;
const errorLineBytes = 64 * 1024;
const brace = 0x7b;
const bracket = 0x5b;

/** Starts the child and resolves when it runs; rejects with SERVER_START_FAILED. */
export async function startServer(launch: Launch, limits: ProcessLimits, events: ProcessEvents): Promise<RunningServer> {
  const { server, line } = launch.source;
  const child = await spawnGuarded(launch).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Fault('SERVER_START_FAILED', { server, reason }, { cause });
  });
  const writer = createWriter(child.stdin);
  const redact = createRedactor([...Object.values(line.env), ...secretsIn(line.args)]);
  const ring = createRing(redact, (text) => events.onSaid?.(text));
  let strayLines = 0;
  let hasAnswered = false;
  /** Why it ends; without a fault where the channel asked for it. */
  let ending: { by: EndedBy; fault: Fault | undefined } | undefined;
  let shuttingDown: Promise<void> | undefined;
  let lastMessageAt = performance.now();
  let answerTimer: NodeJS.Timeout | undefined;
  let idleTimer = setTimeout(checkIdle, limits.idleMs);

  const reading = Promise.all([
    readLines(child.stdout, limits.messageBytes, { line: onLine, oversize: onOversize, oversizeEnd: onOversize }),
    readLines(child.stderr, errorLineBytes, {
      line: (text) => ring.add(text.toString()),
      oversize: () => ring.add(`[a line over ${errorLineBytes} bytes]`),
    }),
  ]).catch((cause: unknown) => endUnasked('failure', new Fault('INTERNAL', { reference: server }, { cause })));
  const over = child.exit.then(finish);
  // Otherwise a writer would wait for room in a pipe that nobody reads any more.
  child.stdin.on('close', () => writer.stop(endFault('it closed its input')));

  function onLine(text: Buffer): void | Promise<void> {
    // JSON-RPC starts with an object (or a batch); all else comes from a server that prints where it must not.
    if (text[0] !== brace && text[0] !== bracket) {
      strayLines++;
      ring.add(text.length <= errorLineBytes ? text.toString() : `[a line of ${text.length} bytes]`);
      return;
    }
    sawMessage();
    return ending === undefined ? events.onMessage(text) : undefined;
  }

  function onOversize(remnant: Remnant): void {
    sawMessage();
    if (ending === undefined) events.onOversize(new Fault('MESSAGE_TOO_LARGE', { limitBytes: limits.messageBytes }), remnant);
  }

  function sawMessage(): void {
    hasAnswered = true;
    clearTimeout(answerTimer);
    lastMessageAt = performance.now();
  }

  function write(chunk: Buffer, last: boolean): Promise<void> {
    lastMessageAt = performance.now();
    if (last && !hasAnswered && ending === undefined) answerTimer ??= setTimeout(onSilence, limits.startMs);
    return writer.write(chunk, last);
  }

  function onSilence(): void {
    const reason = `it did not answer within ${limits.startMs / 1000} s. Its last lines: ${ring.last()}`;
    endUnasked('failure', new Fault('SERVER_START_FAILED', { server, reason }));
  }

  function checkIdle(): void {
    // Until its first answer the start limit counts, not this one.
    const isAwaited = answerTimer !== undefined && !hasAnswered;
    const leftMs = isAwaited ? limits.idleMs : limits.idleMs - (performance.now() - lastMessageAt);
    if (leftMs > 0) idleTimer = setTimeout(checkIdle, leftMs + 1);
    else
      endUnasked(
        'idleness',
        new Fault('SERVER_EXITED', { server, how: `idle for ${limits.idleMs / 1000} s`, stderr: ring.last() }),
      );
  }

  function end(by: EndedBy, fault: Fault | undefined): Promise<void> {
    ending ??= { by, fault };
    return (shuttingDown ??= shutDown());
  }

  function endUnasked(by: EndedBy, fault: Fault): void {
    end(by, fault).catch((error: unknown) => events.onStuck(error));
  }

  /** EOF, then SIGTERM, then SIGKILL to the group, each after a grace. */
  async function shutDown(): Promise<void> {
    writer.stop(endFault('it is being ended'));
    child.stdin.end();
    if (!(await settles(child.exit, eofGraceMs))) child.signal('SIGTERM');
    if (!(await settles(child.exit, terminateGraceMs))) child.signal('SIGKILL');
    await over;
  }

  async function finish(how: string): Promise<void> {
    clearTimeout(answerTimer);
    clearTimeout(idleTimer);
    await settles(reading, ending === undefined ? drainMs : drainWhenClosedMs);
    const fault = endFault(how);
    writer.stop(fault);
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    ending ??= { by: 'failure', fault };
    events.onExit(ending.fault, ending.by);
  }

  function endFault(how: string): Fault {
    const stderr = ring.last();
    return hasAnswered
      ? new Fault('SERVER_EXITED', { server, how, stderr })
      : new Fault('SERVER_START_FAILED', { server, reason: `it ended (${how}). Its last lines: ${stderr}` });
  }

  return { pid: child.pid, write, close: () => end('channel', undefined), strayLines: () => strayLines, over };
}

async function settles(promise: Promise<unknown>, withinMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(resolve, withinMs, false)));
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
