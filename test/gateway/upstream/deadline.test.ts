// When what waits is late: each at its own time, whoever began to wait before.
import { expect, test } from 'vitest';
import { type Awaited, Deadline } from '../../../gateway/upstream/deadline.ts';

interface Waiting extends Awaited {
  dueAt: number;
}

test('each is late at its time and not before, also one that came later and is due sooner, and one whose time stood still', async () => {
  const began = performance.now();
  const waiting = new Map<string, Waiting>();
  const late = new Map<string, boolean>();
  const all = Promise.withResolvers<void>();
  const deadline = new Deadline(() => [...waiting.values()]);
  const wait = (name: string, dueAt: number) => {
    const one = {
      dueAt,
      timeUp() {
        waiting.delete(name);
        late.set(name, performance.now() >= one.dueAt);
        if (waiting.size === 0) all.resolve();
      },
    };
    waiting.set(name, one);
    deadline.sooner(dueAt);
    return one;
  };
  wait('last', began + 120);
  wait('first', began + 20);
  wait('answered', began + 25);
  const paused = wait('paused', began + 30);
  waiting.delete('answered');
  paused.dueAt = Infinity;
  wait('second', began + 60);
  paused.dueAt = began + 90;
  deadline.sooner(paused.dueAt);
  // What the process has to do meanwhile is this.
  const busy = setInterval(() => undefined, 1000);
  await all.promise;
  clearInterval(busy);
  const inTime = ['first', 'second', 'paused', 'last'].map((name) => [name, true] as const);
  expect(late).toEqual(new Map(inTime));
});

test('nobody is told once it was closed', async () => {
  let told = 0;
  const deadline = new Deadline(() => [{ dueAt: 0, timeUp: () => void told++ }]);
  deadline.sooner(0);
  deadline.close();
  deadline.sooner(0);
  // A timer of as many ms that was set before comes before.
  await new Promise((resolve) => setTimeout(resolve, 1));
  expect(told).toBe(0);
});
