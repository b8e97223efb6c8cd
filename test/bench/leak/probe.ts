// Loaded before a program whose memory is compared (`node --expose-gc --import`): by a socket of its own it says what is held after garbage was collected, and
// puts the clock forward, so that what expires by the half hour expires now. The rule: it adds nothing that grows, and keeps nothing alive.
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

const folder = process.env['BENCH_PROBE_DIR'] ?? '';
/** Whatever looks so seldom looks for what expired. */
const seldomMs = 30_000;
const collections = 3;

const looks = new Map<unknown, () => void>();
const { setInterval: beginInterval, clearInterval: endInterval } = globalThis;
const realNow = Date.now;
let aheadMs = 0;

Date.now = () => realNow() + aheadMs;
Reflect.set(globalThis, 'setInterval', (run: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
  const interval = beginInterval(run, ms, ...args);
  if (ms !== undefined && ms >= seldomMs) looks.set(interval, () => run(...args));
  return interval;
});
Reflect.set(globalThis, 'clearInterval', (interval: NodeJS.Timeout | undefined) => {
  looks.delete(interval);
  endInterval(interval);
});

async function answer(command: string): Promise<object> {
  const [verb, ms] = command.split(' ');
  if (verb === 'forward') {
    aheadMs += Number(ms);
    for (const look of looks.values()) look();
    return {};
  }
  for (let i = 0; i < collections; i++) {
    globalThis.gc?.();
    await turn();
  }
  const { heapUsed, external } = process.memoryUsage();
  return { heapBytes: heapUsed + external };
}

const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.once('data', (chunk: Buffer) => {
    void answer(chunk.toString().trim()).then((said) => socket.end(JSON.stringify(said)));
  });
});
server.listen(join(folder, `${process.pid}.sock`)).unref();
