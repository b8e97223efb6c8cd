// MCP over the stdio of a program that the load generator starts, as an AI host does: JSON lines on one pair of pipes.
// What becomes due in one read leaves in one write. Answers are told apart by their id.
import { spawn } from 'node:child_process';
import type { Drive } from '../target.ts';
import { firstId, initializedNotification, initializeRequest, readAnswer, type Template, writeId } from './echo.ts';
import { excerptOf, isRefusal, type Reply, type Wire } from './wire.ts';

type LineDrive = Extract<Drive, { kind: 'line' }>;

export async function openLine(drive: LineDrive, signal: AbortSignal): Promise<{ wire: Wire; pid: number }> {
  const child = spawn(drive.file, drive.args, { env: drive.env, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let stderr = '';
  let template: Template | undefined;
  let partial: Buffer[] = [];
  const requests: Buffer[] = [];
  let due: Buffer[] = [];
  const callerOf = new Map<number, number>();

  const wire: Wire = {
    era: 'session',
    onReplies: () => undefined,
    onBroken: () => undefined,
    prepare(callers, next) {
      template = next;
      requests.length = 0;
      for (let i = 0; i < callers; i++) requests.push(Buffer.concat([next.bytes, Buffer.from('\n')]));
      return Promise.resolve();
    },
    send(caller, id) {
      const request = requests[caller];
      if (request === undefined || template === undefined) throw new Error('send before prepare');
      writeId(request, template, id, 0);
      callerOf.set(id, caller);
      due.push(request);
    },
    flush() {
      const [only] = due;
      if (only !== undefined) child.stdin.write(due.length === 1 ? only : Buffer.concat(due));
      due = [];
    },
    async close() {
      wire.onBroken = () => undefined;
      child.stdin.end();
      const timer = setTimeout(() => endGroup(child.pid), 3000);
      await exited;
      clearTimeout(timer);
    },
  };

  let onLine = (_line: Buffer): Reply | undefined => undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    const replies: Reply[] = [];
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const piece = chunk.subarray(start, end);
      start = end + 1;
      const reply = onLine(partial.length === 0 ? piece : Buffer.concat([...partial, piece]));
      if (reply !== undefined) replies.push(reply);
      partial = [];
    }
    if (start < chunk.length) partial.push(chunk.subarray(start));
    if (replies.length > 0) wire.onReplies(replies);
  });
  child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-2000)));
  child.stdin.on('error', (error) => wire.onBroken(error.message));

  const opened = Promise.withResolvers<void>();
  const fail = (reason: string): void => {
    opened.reject(new Error(`${reason}; its last lines: ${stderr.trim()}`));
    wire.onBroken(`${reason}; its last lines: ${stderr.trim()}`);
  };
  child.once('error', (error) => fail(error.message));
  child.once('close', (code, how) => fail(`the program ended (${how ?? code})`));
  signal.addEventListener('abort', () => fail('no answer to initialize in time'));
  onLine = (line) => {
    const id: unknown = JSON.parse(line.toString())['id'];
    if (id === 1) opened.resolve();
    return undefined;
  };
  child.stdin.write(`${initializeRequest}\n`);
  try {
    await opened.promise;
  } catch (error) {
    endGroup(child.pid);
    throw error;
  }
  child.stdin.write(`${initializedNotification}\n`);

  onLine = (line) => {
    if (template === undefined) return undefined;
    const { id, isRight } = readAnswer(line, template.filler);
    if (id === undefined || id < firstId) return undefined; // a notification or request of the server
    const caller = callerOf.get(id);
    callerOf.delete(id);
    const isOurs = isRight && caller !== undefined;
    const excerpt = isOurs ? undefined : excerptOf(line);
    return { caller, id, isRight: isOurs, excerpt, isRefused: excerpt !== undefined && isRefusal(excerpt) };
  };
  if (child.pid === undefined) throw new Error('the program has no process id');
  return { wire, pid: child.pid };
}

/** The program leads its own process group. Asked after its stdin was closed or its start failed. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it has ended meanwhile
  }
}
