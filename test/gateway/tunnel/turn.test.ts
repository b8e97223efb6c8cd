// Whose handshake is worked on: order, those who left, and those who waited too long.
import { expect, test } from 'vitest';
import { Turns } from '../../../gateway/tunnel/turn.ts';

function begins(turns: Turns, name: string, heard: string[]) {
  const turn = turns.turn();
  const settled = turn.begun().then(
    () => void heard.push(name),
    (fault: { code: string }) => void heard.push(`${name}: ${fault.code}`),
  );
  return { end: () => turn.end(), settled };
}

test('turns begin in the order in which they were asked for, and one that ended twice makes room once', async () => {
  const turns = new Turns({ atOnce: 1, waitAtMostMs: 1000 });
  const heard: string[] = [];
  const [first, left, second, third] = ['first', 'left', 'second', 'third'].map((name) => begins(turns, name, heard));
  if (!first || !left || !second || !third) throw new Error('four were asked for');
  left.end();
  first.end();
  first.end();
  await second.settled;
  expect(heard).toEqual(['first', 'second']);
  second.end();
  await third.settled;
  expect(heard).toEqual(['first', 'second', 'third']);
});

test('who waited too long is told so, and takes no place from those who came later', async () => {
  const turns = new Turns({ atOnce: 1, waitAtMostMs: 1000 });
  const heard: string[] = [];
  const first = begins(turns, 'first', heard);
  const late = begins(turns, 'late', heard);
  const now = performance.now();
  turns.tick(now + 900);
  turns.tick(now + 1001);
  await late.settled;
  late.end();
  const next = begins(turns, 'next', heard);
  first.end();
  await next.settled;
  expect(heard).toEqual(['first', 'late: BUSY', 'next']);
});
