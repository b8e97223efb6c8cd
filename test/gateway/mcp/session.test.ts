// Sessions of legacy hosts: whose they are, how many there may be, and when they end.
import { once } from 'node:events';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Slug, UserId, newId } from '#contract/id.ts';
import type { Caller } from '../../../gateway/call.ts';
import { noAbilities } from '../../../gateway/mcp/ability.ts';
import { createMcpSessions } from '../../../gateway/mcp/session.ts';
import { openConnection } from '../http/connection.ts';

const user = { id: UserId.parse(newId()), slug: Slug.parse('ada') };
const gateway = Slug.parse('eng');
const caller: Caller = { user, host: 'test', token: null, gateway, via: 'http', workstation: null };
const target = { gateway, server: undefined };

describe('a session', () => {
  test('that nobody uses ends after its time, and one that is listened to does not', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    let now = 0;
    const ended: string[] = [];
    const sessions = createMcpSessions({ now: () => now, onEnd: (id) => void ended.push(id), idleMs: 1000 });
    onTestFinished(() => sessions.close());
    const [idle, listened] = [sessions.open(caller, target, noAbilities), sessions.open(caller, target, noAbilities)];
    const { response, socket } = await openConnection();
    listened.standing.attach(response, undefined);
    now = 5000;
    vi.advanceTimersByTime(30_000);
    expect(ended).toEqual([idle.id]);
    // Its time begins when its host leaves.
    now = 5500;
    socket.destroy();
    await once(response, 'close');
    vi.advanceTimersByTime(30_000);
    expect(ended).toEqual([idle.id]);
    now = 7000;
    vi.advanceTimersByTime(30_000);
    expect(ended).toEqual([idle.id, listened.id]);
  });

  test('that ends ends what was asked on it and its streams, and forgets what it kept', () => {
    const sessions = createMcpSessions({ now: () => 0, onEnd: () => undefined });
    onTestFinished(() => sessions.close());
    const session = sessions.open(caller, target, noAbilities);
    const stream = session.openStream();
    stream.send(Buffer.from('{}'), true);
    sessions.end(session);
    expect(stream.isOver).toBe(true);
    expect(() => sessions.find(session.id, caller, target)).toThrow(/ended/);
    expect(session.openStream().isOver).toBe(true);
  });

  test('remembers so many streams, the ones under way among them', () => {
    const sessions = createMcpSessions({ now: () => 0, onEnd: () => undefined });
    onTestFinished(() => sessions.close());
    const session = sessions.open(caller, target, noAbilities);
    const underWay = session.openStream();
    const over = Array.from({ length: 100 }, () => session.openStream());
    for (const stream of over) stream.finish(Buffer.from('{}'));
    session.openStream();
    expect(session.stream(underWay.number)).toBe(underWay);
    expect(over.filter(({ number }) => session.stream(number) !== undefined)).toHaveLength(63);
  });
});
