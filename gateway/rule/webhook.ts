// The contract with engines of the organization's own: POST {metadata, body}, where body is the JSON-RPC message; 200 with
//   {"verdict":"pass"} | {"verdict":"block"} | {"verdict":"modify","modifiedPayload":{"body":<the whole message anew>}} | {"verdict":"error"}
// The rule: a verdict that is none has not decided anything.
import { z } from 'zod';
import { isObject, parse } from '../mcp/jsonrpc.ts';
import { membersOf } from '../mcp/span.ts';
import { type EngineQuestion, failed, type Verdict } from './engine.ts';

const Answer = z.discriminatedUnion('verdict', [
  z.looseObject({ verdict: z.literal('pass') }),
  z.looseObject({ verdict: z.literal('block') }),
  z.looseObject({ verdict: z.literal('modify'), modifiedPayload: z.looseObject({ body: z.unknown() }) }),
  z.looseObject({ verdict: z.literal('error') }),
]);

export function judgeRequest({ metadata, body }: EngineQuestion): Buffer {
  return Buffer.concat([Buffer.from(`{"metadata":${JSON.stringify(metadata)},"body":`), body, Buffer.from('}')]);
}

/** Throws ENGINE_FAILED. */
export function readVerdict(engine: string, answer: Buffer): Verdict {
  let value: unknown;
  try {
    value = parse(answer);
  } catch (cause) {
    throw failed(engine, 'its answer is no JSON', cause);
  }
  const read = Answer.safeParse(value);
  if (!read.success) throw failed(engine, 'its answer is no verdict');
  const { verdict } = read.data;
  if (verdict === 'error') throw failed(engine, 'it says that it could not decide');
  if (verdict !== 'modify') return { kind: verdict };
  if (!isObject(read.data.modifiedPayload.body)) throw failed(engine, 'the message that it puts in place is no object');
  // As it wrote it: what JSON.parse and JSON.stringify would change of numbers stays.
  const payload = membersOf(answer, 0).findLast(({ key }) => key === 'modifiedPayload')?.value;
  const body = payload && membersOf(answer, payload.start).findLast(({ key }) => key === 'body')?.value;
  if (!body) throw failed(engine, 'its answer is no verdict');
  return { kind: 'modify', body: Buffer.from(answer.subarray(body.start, body.end)) };
}
