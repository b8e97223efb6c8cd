// Parts of the gateway server whose programs are loaded once it listens.
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createLateParts } from '../../gateway/late.ts';

describe('late parts', () => {
  test('are opened once, in order, whoever asks first', async () => {
    const late = createLateParts(() => true);
    const opened: string[] = [];
    const open = (name: string) => late.part(async () => opened.push(name));
    const [first, second, third] = [open('first'), open('second'), open('third')];
    expect(await second()).toBe(1);
    await late.open();
    expect(opened).toEqual(['second', 'first', 'third']);
    expect([await first(), await second(), await third()]).toEqual([2, 1, 3]);
  });

  test('let requests in between', async () => {
    const late = createLateParts(() => true);
    const seen: string[] = [];
    late.part(async () => {
      seen.push('first');
      setImmediate(() => seen.push('a request'));
    });
    late.part(async () => seen.push('second'));
    await late.open();
    expect(seen).toEqual(['first', 'a request', 'second']);
  });

  test('wait for a moment without calls, but not for long', async () => {
    let calls = 1;
    const late = createLateParts(() => calls === 0, 0);
    const opened: string[] = [];
    late.part(async () => opened.push('first'));
    late.part(async () => opened.push('second'));
    const began = performance.now();
    await late.open();
    expect(performance.now() - began).toBeGreaterThan(400);
    expect(opened).toEqual(['first', 'second']);

    const other = createLateParts(() => calls === 0, 0);
    other.part(async () => opened.push('third'));
    const third = other.open();
    await turn();
    await turn();
    expect(opened).toHaveLength(2);
    calls = 0;
    await third;
    expect(opened).toHaveLength(3);
  });

  test('wait longer while all come back after the start, but not for whoever asks for one', async () => {
    let greeting = 1;
    const late = createLateParts(() => greeting === 0, 60_000);
    const opened: string[] = [];
    late.part(async () => opened.push('first'));
    const second = late.part(async () => opened.push('second'));
    const all = late.open();
    await wait(600);
    expect(opened).toEqual([]);
    await second();
    expect(opened).toEqual(['second']);
    greeting = 0;
    await all;
    expect(opened).toEqual(['second', 'first']);
  });

  test('say at once that one can not be opened, also to whoever asks for it later', async () => {
    const late = createLateParts(() => true);
    const broken = late.part(() => Promise.reject(new Error('its program is not there')));
    await expect(late.open()).rejects.toThrow('its program is not there');
    await expect(broken()).rejects.toThrow('its program is not there');
    await late.close();
  });

  test('are not opened any more after the close, which waits for the one that is', async () => {
    const late = createLateParts(() => true);
    const opened: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    late.part(() => promise.then(() => void opened.push('first')));
    late.part(async () => opened.push('second'));
    const all = late.open();
    await turn();
    const closed = late.close();
    resolve();
    await closed;
    expect(opened).toEqual(['first']);
    await all;
  });
});
