// The thread in which signatures of a storm are checked: verifier.ts starts it, sends them by groups and gets as many answers in their order. The rule: it does nothing else.
import { parentPort } from 'node:worker_threads';
import { isSignedHere, type Signed } from './signature.ts';

parentPort?.on('message', (group: readonly Signed[]) => parentPort?.postMessage(group.map(isSignedHere)));
