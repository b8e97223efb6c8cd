// The bus of one process.
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { createMemoryBus } from '../../../gateway/bus/memory.ts';

const bus = () => createMemoryBus({ logger: pino({ level: 'silent' }) });

describe('the bus in memory', () => {
  test('reaches every listener, in the order in which they came', () => {
    const news: string[] = [];
    const all = bus();
    all.subscribe('changed', () => news.push('one'));
    all.subscribe('changed', () => news.push('two'));
    all.publish('changed');
    all.publish('changed');
    expect(news).toEqual(['one', 'two', 'one', 'two']);
  });

  test('reaches a listener as often as it subscribed, and no more once it ended that', () => {
    let count = 0;
    const all = bus();
    const listener = () => (count += 1);
    const end = all.subscribe('changed', listener);
    all.subscribe('changed', listener);
    all.publish('changed');
    end();
    end();
    all.publish('changed');
    expect(count).toBe(3);
  });

  test('lets no listener stop another', () => {
    let count = 0;
    const all = bus();
    all.subscribe('changed', () => {
      throw new Error('mine');
    });
    all.subscribe('changed', () => (count += 1));
    all.publish('changed');
    expect(count).toBe(1);
  });

  test('does not call a listener that another one ended meanwhile, nor one that came meanwhile', () => {
    const news: string[] = [];
    const all = bus();
    let end = () => {};
    all.subscribe('changed', () => {
      end();
      if (news.length === 0) all.subscribe('changed', () => news.push('late'));
      news.push('first');
    });
    end = all.subscribe('changed', () => news.push('ended'));
    all.publish('changed');
    expect(news).toEqual(['first']);
  });
});
