// Signatures of a storm, checked in a thread of their own: each by itself, whatever becomes of the thread.
import { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Signed } from '../../../gateway/workstation/signature.ts';
import { createVerifier, type Verifier } from '../../../gateway/workstation/verifier.ts';
import { makeDeviceKey } from '../../../bridge/device/device-key.ts';
import { proves } from '../../requirement.ts';

const { key } = makeDeviceKey();
const { key: another } = makeDeviceKey();
const text = 'what was signed';
const right: Signed = { publicKey: key.publicKey, text, signature: key.sign(text) };
const wrong: readonly Signed[] = [
  { ...right, text: 'something else' },
  { ...right, publicKey: another.publicKey },
  { ...right, signature: another.sign(text) },
  { ...right, signature: '' },
  { ...right, signature: 'é' },
  { ...right, publicKey: { ...key.publicKey, x: key.publicKey.y } },
];
/** Right ones among wrong ones, so that an answer to another question shows. */
const asked = wrong.flatMap((one) => [right, one, right]);
const due = asked.map((one) => one === right);
const from = asked.length;

const sends = Worker.prototype.postMessage;
const post = vi.spyOn(Worker.prototype, 'postMessage');
let verifier: Verifier;
beforeEach(() => {
  verifier = createVerifier({ logger: pino({ level: 'silent' }), stormFrom: from });
});
afterEach(async () => {
  post.mockReset();
  await verifier.close();
});
const ask = (): Promise<boolean[]> => Promise.all(asked.map((one) => verifier.isSigned(one)));

/** Asks until the thread was. */
async function untilInThread(): Promise<boolean[]> {
  for (;;) {
    const answers = await ask();
    expect(answers).toEqual(due);
    if (post.mock.calls.length > 0) return answers;
  }
}

describe('who proves that they signed', () => {
  test('in a storm is judged by their own signature', async () => {
    proves('tunnel.storm-own-proof', {
      file: 'gateway/workstation/verifier.ts',
      find: 'answer(answers[index] === true)',
      replace: 'answer(answers[0] === true)',
    });
    await untilInThread();
    expect(await Promise.all([ask(), ask()])).toEqual([due, due]);
  });

  test('is judged all the same where the thread ends before it answered', async () => {
    proves('tunnel.storm-thread-lost', {
      file: 'gateway/workstation/verifier.ts',
      find: 'inPool(of.sent.splice(0).flatMap(({ questions }) => questions));',
      replace: 'for (const { questions } of of.sent.splice(0)) for (const { answer } of questions) answer(false);',
    });
    await untilInThread();
    const before = post.mock.calls.length;
    post.mockImplementationOnce(function (this: Worker) {
      void this.terminate();
    });
    expect(await ask()).toEqual(due);
    expect(post.mock.calls.length).toBe(before + 1);
  });

  test('is judged all the same where the thread answers what it was not asked', async () => {
    proves('tunnel.storm-thread-astray', {
      file: 'gateway/workstation/verifier.ts',
      find: "worker.removeAllListeners('message');",
      replace: '',
    });
    await untilInThread();
    const before = post.mock.calls.length;
    post.mockImplementationOnce(function (this: Worker, message: unknown) {
      sends.call(this, Array.isArray(message) ? message.slice(1) : message);
      // And then as many as were asked.
      this.once('message', () =>
        this.emit(
          'message',
          asked.map(() => true),
        ),
      );
    });
    expect(await ask()).toEqual(due);
    expect(post.mock.calls.length).toBe(before + 1);
  });

  test('does not wait for a thread that is not there yet', async () => {
    proves('tunnel.storm-thread-starts', {
      file: 'gateway/workstation/verifier.ts',
      find: "worker.once('message',",
      replace: "worker.once('online',",
    });
    // One that has begun, and never gets so far that it could answer.
    const begun = new BroadcastChannel('a thread that only begins');
    const program = new URL(
      'data:text/javascript,new BroadcastChannel("a thread that only begins").postMessage(0);setInterval(()=>0,1e6)',
    );
    const waiting = createVerifier({ logger: pino({ level: 'silent' }), stormFrom: from, program });
    const has = new Promise<void>((resolve) => (begun.onmessage = () => resolve()));
    const askIt = () => Promise.all(asked.map((one) => waiting.isSigned(one)));
    expect(await askIt()).toEqual(due);
    await has;
    begun.close();
    expect(await askIt()).toEqual(due);
    expect(post).not.toHaveBeenCalled();
    await waiting.close();
  });

  test('is judged all the same where no thread is to be had', { timeout: 10_000 }, async () => {
    proves('tunnel.storm-no-thread', {
      file: 'gateway/workstation/verifier.ts',
      find: 'failed(err);\n      return undefined;',
      replace: 'throw err;',
    });
    const threadless = createVerifier({
      logger: pino({ level: 'silent' }),
      stormFrom: from,
      program: new URL('https://example.org/not-a-file'),
    });
    for (let storm = 0; storm < 2; storm++) expect(await Promise.all(asked.map((one) => threadless.isSigned(one)))).toEqual(due);
    expect(post).not.toHaveBeenCalled();
    await threadless.close();
  });

  test('alone needs no thread', async () => {
    expect(await Promise.all([verifier.isSigned(right), ...wrong.map((one) => verifier.isSigned(one))])).toEqual([
      true,
      ...wrong.map(() => false),
    ]);
    expect(post).not.toHaveBeenCalled();
  });

  test('is judged while the gateway server ends', async () => {
    await untilInThread();
    const last = ask();
    await verifier.close();
    expect(await last).toEqual(due);
  });
});
