// The questions that one host is asked: ids, answers, ends.
import { describe, expect, test } from 'vitest';
import type { Question } from '../../../gateway/call.ts';
import { readMessage } from '../../../gateway/mcp/jsonrpc.ts';
import { Questions } from '../../../gateway/mcp/questions.ts';

function question(id: unknown, more: Partial<Question> = {}): Question {
  const body = Buffer.from(
    JSON.stringify({ jsonrpc: '2.0', id, method: 'roots/list', params: { _meta: { progressToken: 'theirs' } } }),
  );
  return { method: 'roots/list', workstation: null, body, onProgress: () => undefined, ...more } as Question;
}
function answer(questions: Questions, message: object): boolean {
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
  const read = readMessage(body);
  if (read.kind !== 'response') throw new Error('no response');
  return questions.answered(body, read);
}
const never = new AbortController().signal;

describe('questions to a host', () => {
  test('get ids of their own, whatever ids their servers gave, and each answer goes where it belongs', async () => {
    const questions = new Questions();
    const sent: { id: number; params: { _meta: { progressToken: unknown } } }[] = [];
    const send = (message: Buffer) => void sent.push(JSON.parse(message.toString()));
    const [first, second] = [questions.ask(question(5), send, never), questions.ask(question(5), send, never)];
    expect(sent.map(({ id, params }) => [id, params._meta.progressToken])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(answer(questions, { id: 2, result: { roots: [] } })).toBe(true);
    expect(answer(questions, { id: 2, result: { roots: [] } })).toBe(false);
    expect(answer(questions, { id: '1', result: {} })).toBe(false);
    expect(answer(questions, { id: 1, result: 'no object' })).toBe(false);
    expect(answer(questions, { id: 1, error: { code: -1, message: 'no' } })).toBe(true);
    expect((await second).body.toString()).toContain('roots');
    expect((await first).body.toString()).toContain('error');
  });

  test('are taken back at the host when they are cancelled, or not answered in time', async () => {
    const questions = new Questions(20);
    const sent: string[] = [];
    const leave = new AbortController();
    const cancelled = questions.ask(question(1), (message) => void sent.push(message.toString()), leave.signal);
    leave.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(questions.ask(question(2), (message) => void sent.push(message.toString()), never)).rejects.toMatchObject({
      code: 'HOST_SILENT',
    });
    expect(sent.filter((text) => text.includes('notifications/cancelled'))).toHaveLength(2);
    expect(answer(questions, { id: 1, result: {} })).toBe(false);
  });

  test('are bounded, and end with the conversation', async () => {
    const questions = new Questions();
    const open = Array.from({ length: 33 }, (_, id) => questions.ask(question(id), () => undefined, never));
    await expect(open.at(-1)).rejects.toMatchObject({ code: 'BUSY' });
    questions.end();
    expect((await Promise.allSettled(open)).every(({ status }) => status === 'rejected')).toBe(true);
    await expect(questions.ask(question(1), () => undefined, never)).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test('hear how the host gets on with them, and with no others', async () => {
    const questions = new Questions();
    const reports: string[] = [];
    const asked = questions.ask(
      question(1, { onProgress: (report) => void reports.push(report.toString()) }),
      () => undefined,
      never,
    );
    questions.progressed(Buffer.from('one'), 1);
    for (const other of [2, '1', undefined]) questions.progressed(Buffer.from('other'), other);
    expect(reports).toEqual(['one']);
    questions.end();
    await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
