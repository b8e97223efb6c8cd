// What is noted of a call that goes on in other requests: each says what passed while it was under way.
import { expect, test } from 'vitest';
import { noting, openFlow } from '../../../gateway/pipeline/flow.ts';
import type { Screen } from '../../../gateway/pipeline/screen.ts';
import type { Told } from '../../../gateway/upstream/upstream.ts';
import { proves } from '../../requirement.ts';

/** Lets everything by. */
const screen = noting({ notification: (_of, body, tell) => tell(body) } as Pick<Screen, 'notification'> as Screen);

test('what a server says in a later round of a call is kept with that round, and between rounds with none', () => {
  proves('capture.rounds', {
    file: 'gateway/pipeline/flow.ts',
    find: 'const now = flow?.continuedBy ?? flow;',
    replace: 'const now = flow;',
  });
  const [first, second] = [openFlow('full'), openFlow('redacted')];
  const told: string[] = [];
  const say = (text: string) =>
    screen.notification({ flow: first } as Told, Buffer.from(text), (body) => void told.push(body.toString()));
  say('in the first');
  first.isClosed = true;
  say('in none');
  first.continuedBy = second;
  say('in the second');
  second.isClosed = true;
  say('after it');
  const said = [first, second].map(({ response }) => response.said.map(({ body }) => body.toString()));
  expect(said).toEqual([['in the first'], ['in the second']]);
  expect(told).toHaveLength(4);
});
