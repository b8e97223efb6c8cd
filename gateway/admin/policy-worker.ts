// The thread in which a large policy is read: policy-reader.ts starts it with the text, and gets what was read. The rule: it does nothing else.
import { parentPort, workerData } from 'node:worker_threads';
import { readPolicy } from './policy-file.ts';

parentPort?.postMessage(readPolicy(String(workerData)));
