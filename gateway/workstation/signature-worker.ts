// The thread in which signatures of a storm are checked: verifier.ts starts it, hears that it stands, sends them by groups and gets as many answers in their order. The rule:
// it does nothing else.
import { parentPort } from 'node:worker_threads';
import { isSignedHere, type Signed } from './signature.ts';

parentPort?.on('message', (group: readonly Signed[]) => parentPort?.postMessage(group.map(isSignedHere)));
parentPort?.postMessage('ready');
