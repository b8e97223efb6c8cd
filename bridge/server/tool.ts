// Runs one of the tools that resolve asks (the login shell, npm, uvx, docker) to its end, under the lifeline guard, with a deadline and bounded output.
import { spawnGuarded } from './guard.ts';
import type { GuardedCommand } from './guard.ts';
import { redactText } from './redact.ts';

export interface ToolRun extends GuardedCommand {
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  /** What it reads from stdin. */
  readonly input?: string | undefined;
}

const outputBytes = 256 * 1024;
/** A tool's output may be held open by what it left behind outside of its group, such as a daemon that a login shell started. */
const outputGraceMs = 1000;

/** Resolves with the output of a tool that ended well; otherwise rejects with how it ended and its last words, redacted. */
export async function runTool(run: ToolRun): Promise<{ stdout: string }> {
  run.signal?.throwIfAborted();
  const child = await spawnGuarded(run);
  const deadline = AbortSignal.timeout(run.deadlineMs);
  const stop = run.signal === undefined ? deadline : AbortSignal.any([deadline, run.signal]);
  const kill = (): void => child.signal('SIGKILL');
  stop.addEventListener('abort', kill, { once: true });
  if (stop.aborted) kill();
  child.stdin.end(run.input ?? '');
  let cut: NodeJS.Timeout | undefined;
  const exit = child.exit.then((how) => {
    cut = setTimeout(() => void [child.stdout, child.stderr].forEach((stream) => stream.destroy()), outputGraceMs);
    return how;
  });
  try {
    const [stdout, stderr, how] = await Promise.all([collect(child.stdout), collect(child.stderr), exit]);
    if (run.signal?.aborted) throw new Error('it was cancelled');
    if (deadline.aborted) throw new Error(`it did not end within ${run.deadlineMs / 1000} s`);
    if (how !== 'exit code 0') throw new Error(`${how}: ${lastWords(stderr || stdout)}`);
    return { stdout };
  } finally {
    clearTimeout(cut);
    stop.removeEventListener('abort', kill);
  }
}

// What goes over the bound is read away, so that the tool is not held up.
async function collect(stream: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      if (bytes >= outputBytes) continue;
      parts.push(chunk);
      bytes += chunk.length;
    }
  } catch {
    // A killed tool breaks its pipes; how it ended says why.
  }
  return Buffer.concat(parts).toString();
}

function lastWords(text: string): string {
  const lines = redactText(text)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.slice(-6).join(' | ').slice(-1000) || 'it said nothing';
}
