// Reading a policy beside what else the gateway server does: a large one takes seconds, in which no call would go on. The rule: what comes of it is what readPolicy says.
import { Worker } from 'node:worker_threads';
import { type ReadPolicy, readPolicy } from './policy-file.ts';

/** A text of this length takes as long to read as a thread takes to start. */
const asideFrom = 64 * 1024;
/** Of the thread's memory. */
const heapMb = 1024;

export async function readPolicyAside(text: string): Promise<ReadPolicy> {
  if (text.length <= asideFrom) return readPolicy(text);
  const worker = new Worker(new URL('policy-worker.ts', import.meta.url), {
    workerData: text,
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
  });
  try {
    return await new Promise<ReadPolicy>((resolve, reject) => {
      worker.once('message', resolve).once('error', reject);
      worker.once('exit', (code) => reject(new Error(`the thread that reads a policy ended with ${code} and said nothing`)));
    });
  } finally {
    await worker.terminate();
  }
}
