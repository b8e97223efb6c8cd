// The way out before its program is loaded. Real connections on loopback.
import { expect, onTestFinished, test } from 'vitest';
import { createEgress, type Egress, type EgressRequest, type Receiver } from '../../../gateway/egress/egress.ts';
import { createLateEgress } from '../../../gateway/egress/late.ts';
import { listen } from '../../fake/remote/listen.ts';

const asked = (origin: string, path: string): EgressRequest => ({
  url: new URL(path, origin),
  method: 'GET',
  headers: {},
  server: 'tracker',
  allowPrivate: ['127.0.0.1'],
  limitBytes: 1000,
  idleWithinMs: 5000,
});

function outcome(egress: Pick<Egress, 'send'>, request: EgressRequest): Promise<string> {
  return new Promise((resolve) => {
    const receiver: Receiver = {
      onSent: () => undefined,
      onHead: () => undefined,
      onData: () => undefined,
      onEnd: () => resolve('answered'),
      onFault: (fault) => resolve(fault.message),
    };
    egress.send(request, receiver);
  });
}

test('what is asked before is sent once it is loaded, in order, but for what was given up', async () => {
  const paths: (string | undefined)[] = [];
  const server = await listen((request, response) => {
    paths.push(request.url);
    response.end();
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  let opened = 0;
  const egress = createLateEgress(async () => {
    opened++;
    await promise;
    return createEgress({ onRefused: () => undefined });
  });
  onTestFinished(() => egress.close());
  const first = outcome(egress, asked(server.origin, '/first'));
  const ignored = { onSent: () => paths.push('sent'), onHead() {}, onData() {}, onEnd() {}, onFault: () => paths.push('fault') };
  egress.send(asked(server.origin, '/given-up'), ignored).abort();
  const second = outcome(egress, asked(server.origin, '/second'));
  expect(paths).toEqual([]);
  resolve();
  expect(await Promise.all([first, second])).toEqual(['answered', 'answered']);
  expect(await outcome(egress, asked(server.origin, '/third'))).toBe('answered');
  expect([opened, paths.toSorted()]).toEqual([1, ['/first', '/second', '/third']]);
});

test('where it can not be loaded a request fails as one that was not sent', async () => {
  const egress = createLateEgress(() => Promise.reject(new Error('a file is missing')));
  const codes: string[] = [];
  const receiver = { onSent: () => codes.push('sent'), onHead() {}, onData() {}, onEnd() {} };
  await new Promise<void>((resolve) => {
    const onFault: Receiver['onFault'] = ({ code }) => {
      codes.push(code);
      resolve();
    };
    egress.send(asked('http://127.0.0.1:1', '/'), { ...receiver, onFault });
  });
  expect(codes).toEqual(['UPSTREAM_UNREACHABLE']);
});

test('it is closed without having been loaded', async () => {
  await createLateEgress(() => Promise.reject(new Error('nobody asked for it'))).close();
});
