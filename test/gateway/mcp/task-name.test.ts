// Where a message names a task: what is changed in its bytes has to be found in their order.
import { expect, test } from 'vitest';
import { taskIdSpans } from '../../../gateway/mcp/task-name.ts';
import { splice } from '../../../gateway/mcp/span.ts';

test('the tasks that an object names are found in the order in which they stand, whatever that is', () => {
  const related = { 'io.modelcontextprotocol/related-task': { taskId: 'own' } };
  for (const value of [
    { _meta: related, task: { taskId: 'own' }, taskId: 'own', message: 'Who?' },
    { taskId: 'own', task: { taskId: 'own' }, _meta: related, message: 'Who?' },
    { task: { taskId: 'own' }, message: 'Who?', _meta: related, taskId: 'own' },
  ]) {
    const body = Buffer.from(JSON.stringify(value));
    const named = taskIdSpans(body, { start: 0, end: body.length });
    const shown = splice(
      body,
      named.map(({ span }) => ({ span, by: '"shown"' })),
    );
    expect(shown.toString()).toBe(JSON.stringify(value).replaceAll('"own"', '"shown"'));
  }
});
