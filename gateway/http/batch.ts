// A POST of the revision 2025-03-26 that holds an array: each member is a call of its own with its own record, and their answers leave as one array. The
// rule: a member that is refused takes no other with it.
import { Fault } from '#contract/error.ts';
import type { Identified } from '../call.ts';
import { batchOf, readBatch } from '../mcp/batch.ts';
import { encoderFor, encoderForTold } from '../mcp/encode.ts';
import { endedBy } from '../mcp/ended-by.ts';
import { eraOf } from '../mcp/era.ts';
import { isForServer } from '../mcp/feature.ts';
import { type Message, readMessage, refusedId, type RequestMessage } from '../mcp/jsonrpc.ts';
import type { McpSession } from '../mcp/session.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Exchange } from './exchange.ts';

export interface BatchDeps {
  readonly pipeline: Pipeline;
  /** Takes what asks for no answer. */
  readonly hear: (message: Exclude<Message, RequestMessage>, body: Buffer) => void;
}

/** Throws the Fault of an array that is none of messages. */
export async function answerBatch(
  deps: BatchDeps,
  exchange: Exchange,
  session: McpSession,
  { caller, target }: Pick<Identified, 'caller' | 'target'>,
  body: Buffer,
): Promise<void> {
  exchange.arrived.era = 'legacy';
  exchange.session = session;
  const { arrived } = exchange;

  function identifiedOf({ method }: { readonly method: string }, body: Buffer): Identified {
    const { arrivedAt } = arrived;
    return { era: 'legacy', method, target, caller, body, arrivedAt, audience: exchange, conversation: session.id };
  }

  async function member(text: Buffer): Promise<Buffer | undefined> {
    let id: string | undefined;
    let method: string | undefined;
    try {
      const message = readMessage(text);
      if (message.kind === 'notification' && isForServer(message, target))
        return void (await deps.pipeline.handle(identifiedOf(message, text), message, encoderForTold('legacy'), exchange.closed));
      if (message.kind !== 'request') return void deps.hear(message, text);
      id = text.toString('utf8', message.idSpan.start, message.idSpan.end);
      method = message.method;
      if (eraOf(message, undefined) === 'modern' || method === 'initialize')
        throw new Fault('INVALID_REQUEST', { reason: 'it can not be a part of a batch' });
      return await call(message, text, id);
    } catch (thrown) {
      const { era, via, arrivedAt } = arrived;
      const refused = { era, via, arrivedAt, caller, requestBytes: text.length, ...(method !== undefined && { method }) };
      return (await deps.pipeline.refuse(refused, thrown, encoderFor('legacy', id ?? refusedId(text) ?? 'null'))).body;
    }
  }

  async function call(message: RequestMessage, text: Buffer, id: string): Promise<Buffer> {
    if (session.underWay.has(id)) throw new Fault('INVALID_REQUEST', { reason: 'its id is that of a request that is under way' });
    try {
      const request = identifiedOf(message, text);
      return await endedBy(exchange.closed.signal, async (cancelled) => {
        session.underWay.set(id, cancelled);
        return (await deps.pipeline.handle(request, message, encoderFor('legacy', id), cancelled)).body;
      });
    } finally {
      session.underWay.delete(id);
    }
  }

  const answers = (await Promise.all(readBatch(body).map(member))).filter((answer) => answer !== undefined);
  if (answers.length === 0) return exchange.accept();
  exchange.sendAll(answers, batchOf);
}
