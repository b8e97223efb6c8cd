// What servers ask of one host: each question gets an id of this conversation's own, and only an answer with that id, from that host, counts.
// The rule: bounded in number and in time; the end of the conversation ends them all.
import { Fault } from '#contract/error.ts';
import type { HostAnswer, Question } from '../call.ts';
import { asLine, isObject, readMessage, type ResponseMessage } from './jsonrpc.ts';
import { tokenSpan } from './progress.ts';
import { inOrder, splice } from './span.ts';

/** A person may think this long about a form. */
const answerWithinMs = 600_000;
const limit = 32;

interface Open {
  readonly question: Question;
  readonly resolve: (answer: HostAnswer) => void;
  readonly reject: (fault: Fault) => void;
}

export class Questions {
  readonly #open = new Map<number, Open>();
  readonly #answerWithinMs: number;
  #nextId = 1;
  #isOver = false;

  constructor(within: number = answerWithinMs) {
    this.#answerWithinMs = within;
  }

  /** Hands the question over by `send` and waits. Rejects with BUSY, HOST_SILENT, CANCELLED, or what `send` throws. */
  ask(question: Question, send: (message: Buffer) => void, signal: AbortSignal): Promise<HostAnswer> {
    if (this.#isOver || signal.aborted) return Promise.reject(new Fault('CANCELLED'));
    if (this.#open.size >= limit) return Promise.reject(new Fault('BUSY', { what: 'this AI host' }));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const settle = () => {
        this.#open.delete(id);
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      const giveUp = (fault: Fault) => {
        settle();
        try {
          send(Buffer.from(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${id}}}`));
        } catch {
          // The host is gone, and with it the question.
        }
        reject(fault);
      };
      const onAbort = () => giveUp(new Fault('CANCELLED'));
      const { method } = question;
      const seconds = this.#answerWithinMs / 1000;
      const timer = setTimeout(() => giveUp(new Fault('HOST_SILENT', { method, seconds })), this.#answerWithinMs);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#open.set(id, {
        question,
        resolve: (answer) => (settle(), resolve(answer)),
        reject: (fault) => (settle(), reject(fault)),
      });
      try {
        send(numbered(question.body, id));
      } catch (error) {
        settle();
        reject(error instanceof Fault ? error : new Fault('CANCELLED', {}, { cause: error }));
      }
    });
  }

  /** A response of the host. False where it answers nothing that was asked. */
  answered(body: Buffer, { id, idSpan, value }: ResponseMessage): boolean {
    const open = typeof id === 'number' ? this.#open.get(id) : undefined;
    if (!open || !idSpan || !isObject(value)) return false;
    open.resolve({ body, id: idSpan });
    return true;
  }

  /** A report of the host's progress with a question. */
  progressed(body: Buffer, token: unknown): void {
    if (typeof token === 'number') this.#open.get(token)?.question.onProgress(body);
  }

  end(): void {
    this.#isOver = true;
    for (const { reject } of [...this.#open.values()]) reject(new Fault('CANCELLED'));
  }
}

/** With an id of ours, and the same as its progress token where it has one. */
function numbered(body: Buffer, id: number): Buffer {
  const message = readMessage(body);
  if (message.kind !== 'request') throw new Fault('INVALID_REQUEST', { reason: 'it is no request' });
  const token = tokenSpan(body);
  const edits = [message.idSpan, ...(token ? [token] : [])].map((span) => ({ span, by: String(id) }));
  return asLine(splice(body, inOrder(edits)));
}
