// A gigabyte on one line, from a real server, at the default limit of a message.
import { expect, test } from 'vitest';
import { defaultMessageLimitBytes } from '#contract/frame.ts';
import { freshFolder, hear, launchFake, open, poolOf, send } from './fixture.ts';

test('a line of 1 GB is read away in constant memory, told of at once and at its end, and the server keeps working', async () => {
  const stateDir = await freshFolder();
  const launch = await launchFake('flooding', stateDir);
  const events = hear();
  const pool = poolOf([launch], stateDir, { limits: { messageBytes: defaultMessageLimitBytes } });
  const server = await open(pool, launch, events);
  const before = process.memoryUsage().rss;
  await send(server, { id: 1 });
  await send(server, { id: 2 });
  expect(await events.next()).toBe('{"id":2}');
  expect(events.oversize).toHaveLength(2);
  expect(process.memoryUsage().rss - before).toBeLessThan(256 * 1024 * 1024);
});
