// Reading a policy beside what else the gateway server does: a large or a deep one takes seconds, in which no call would go on. The rule: what comes of it is what
// readPolicy says, or that it took too long.
import { Worker } from 'node:worker_threads';
import { Fault } from '#contract/error.ts';
import { type ReadPolicy, readPolicy } from './policy-file.ts';

/** What is shorter is read at once: however deep it is, some tens of ms, as long as a thread takes to start. */
const asideFrom = 4 * 1024;
/** Of the thread's memory. */
const heapMb = 1024;
const readAtMostMs = 60_000;

/** Rejects with INPUT_INVALID where it takes too long or too much memory. */
export async function readPolicyAside(text: string, atMostMs = readAtMostMs): Promise<ReadPolicy> {
  if (text.length <= asideFrom) return readPolicy(text);
  const worker = new Worker(new URL('policy-worker.ts', import.meta.url), {
    workerData: text,
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<ReadPolicy>((resolve, reject) => {
      worker.once('message', resolve).once('error', (error) => reject(isOutOfMemory(error) ? tooMuch(error) : error));
      worker.once('exit', (code) => reject(new Error(`the thread that reads a policy ended with ${code} and said nothing`)));
      timer = setTimeout(() => reject(tooMuch()), atMostMs);
    });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}

function tooMuch(cause?: unknown): Fault {
  const reason =
    'reading the policy takes too long. Is it nested too deeply? A large one can be applied with `drawbridge-gateway apply`';
  return new Fault('INPUT_INVALID', { reason }, { cause });
}
