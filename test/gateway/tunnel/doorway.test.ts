// Whose proof is worked on, in which order: a doorway on real sockets, with the work in the test's hands.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Doorway } from '../../../gateway/tunnel/doorway.ts';
import { Pongs } from '../../../gateway/tunnel/pong.ts';
import { newId, UserId, WorkstationId } from '#contract/id.ts';
import { until } from '../../bridge/server/fixture.ts';
import { proves } from '../../requirement.ts';

const nobody = { version: 2, nonce: '', workstation: WorkstationId.parse(newId()), user: UserId.parse(newId()) };

/** `working`: whose proof is worked on, by their words in the hello, with what ends the work. */
async function createDoorway(atOnce: number) {
  const working: { readonly who: string; readonly end: () => void }[] = [];
  const doorway = new Doorway({
    atOnce,
    atMost: 100,
    withinMs: 60_000,
    ask: (guest, hello) => ({ ...nobody, product: String(hello) }),
    serve(guest) {
      const { promise, resolve } = Promise.withResolvers<void>();
      working.push({ who: guest.begin().asked.product, end: resolve });
      return promise;
    },
    turnAway: (guest) => Promise.resolve(guest.socket.terminate()),
  });
  const http = createServer().listen(0, '127.0.0.1');
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', (socket, { socket: stream }) =>
    doorway.enter({ socket, stream, pongs: new Pongs(stream) }, '127.0.0.1'),
  );
  await once(http, 'listening');
  onTestFinished(async () => {
    for (const { end } of working) end();
    await doorway.close();
    http.close();
  });
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { port } = address;
  async function come(who: string): Promise<WebSocket> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    onTestFinished(() => socket.terminate());
    await once(socket, 'open');
    for (const packet of [who, 'proof']) socket.send(Buffer.from(packet));
    // After the answer to a ping all before it has been heard.
    socket.ping();
    await once(socket, 'pong');
    return socket;
  }
  const names = () => working.map(({ who }) => who);
  return { doorway, working, names, come };
}

test('a proof is worked on when it is its turn: who waits is not refused, and begins when another one is over', async () => {
  proves('tunnel.handshakes-in-turn', {
    file: 'gateway/tunnel/doorway.ts',
    find: 'if (this.#served < this.#deps.atOnce) this.#serve(guest);',
    replace: 'if (this.#served < Infinity) this.#serve(guest);',
  });
  const { doorway, working, names, come } = await createDoorway(1);
  for (const who of ['ada', 'bob', 'cy']) await come(who);
  expect([names(), doorway.served, doorway.size]).toEqual([['ada'], 1, 3]);
  working[0]?.end();
  await until(() => working.length === 2);
  expect([names(), doorway.served, doorway.size]).toEqual([['ada', 'bob'], 1, 2]);
});

test('whoever hangs up while waiting is passed over', async () => {
  const { doorway, working, names, come } = await createDoorway(1);
  await come('ada');
  const bob = await come('bob');
  await come('cy');
  bob.terminate();
  await until(() => doorway.size === 2);
  working[0]?.end();
  await until(() => working.length === 2);
  expect(names()).toEqual(['ada', 'cy']);
});
