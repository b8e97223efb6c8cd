// The engines of a policy, asked over the one way out: HTTPS, addresses judged, private ones only where the policy lists them; bounded in size and time.
// The rule: what does not answer in time, or not with what it should, has not decided; it is asked again only where no answer came.
import { setTimeout as wait } from 'node:timers/promises';
import type { PolicyEngine } from '#contract/engine.ts';
import { Fault } from '#contract/error.ts';
import type { Secret } from '#contract/secret.ts';
import type { Credential, Egress, EgressRequest } from '../egress/egress.ts';
import { readWhole, type Whole } from '../egress/read.ts';
import { type Engines, failed } from './engine.ts';
import { analyzeRequest, readAnalysis } from './presidio.ts';
import { judgeRequest, readVerdict } from './webhook.ts';

/** Of what is asked and of what is answered. */
const limitBytes = 16 * 1024 * 1024;
const firstPauseMs = 200;
const atOnceAtMost = 256;

export interface EnginesDeps {
  /** As the policy in force has it. */
  readonly engineOf: (slug: string) => PolicyEngine | undefined;
  readonly egress: Pick<Egress, 'send'>;
  /** What the engine is shown in its `secretHeader`. Rejects where there is nothing that counts: then it is not asked. */
  readonly secretOf: (slug: string, engine: PolicyEngine) => Promise<Secret<string>>;
}

export function createEngines({ engineOf, egress, secretOf }: EnginesDeps): Engines {
  let underWay = 0;

  async function ask(slug: string, kind: PolicyEngine['kind'], body: (engine: PolicyEngine) => Buffer, signal: AbortSignal) {
    const engine = engineOf(slug);
    if (engine?.kind !== kind) throw failed(slug, 'there is no such engine');
    const asked = body(engine);
    if (asked.length > limitBytes) throw failed(slug, `the message is larger than ${limitBytes} bytes`);
    if (underWay >= atOnceAtMost) throw failed(slug, 'too many questions wait for engines');
    underWay++;
    try {
      return await answerOf(slug, engine, await credentialOf(slug, engine), asked, signal);
    } finally {
      underWay--;
    }
  }

  async function credentialOf(slug: string, engine: PolicyEngine): Promise<Credential | undefined> {
    if (engine.secretHeader === undefined) return undefined;
    try {
      return { header: engine.secretHeader, value: await secretOf(slug, engine) };
    } catch (cause) {
      const told = cause instanceof Fault && cause.code === 'ENGINE_SECRET_MISSING';
      throw failed(slug, told ? cause.message : `the value of its header ${engine.secretHeader} could not be opened`, cause);
    }
  }

  /** Again where nothing came, within the time of one question. */
  async function answerOf(
    slug: string,
    engine: PolicyEngine,
    credential: Credential | undefined,
    body: Buffer,
    signal: AbortSignal,
  ): Promise<Buffer> {
    const until = performance.now() + engine.timeoutSeconds * 1000;
    for (let tried = 0; ; tried++) {
      const leftMs = until - performance.now();
      if (leftMs <= 0) throw failed(slug, `it did not answer within ${engine.timeoutSeconds} s`);
      const outcome = await tryOnce(slug, engine, { credential, body }, leftMs, signal);
      if ('answer' in outcome) return outcome.answer;
      if (!outcome.mayAgain || tried >= engine.retries || signal.aborted) throw failed(slug, outcome.reason, outcome.cause);
      const pauseMs = firstPauseMs * 2 ** tried;
      if (performance.now() + pauseMs >= until) throw failed(slug, outcome.reason, outcome.cause);
      await wait(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async function tryOnce(
    slug: string,
    engine: PolicyEngine,
    asking: Pick<EgressRequest, 'credential' | 'body'>,
    withinMs: number,
    signal: AbortSignal,
  ) {
    const { url, allowPrivate, egress: way, sign: isSigned } = engine;
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const request = {
      url: new URL(url),
      method: 'POST' as const,
      headers,
      ...asking,
      server: slug,
      allowPrivate,
      isSigned,
      limitBytes,
    };
    let answer: Whole;
    try {
      answer = await readWhole(egress, { ...request, redirectsAtMost: 0, ...(way !== undefined && { way }) }, withinMs, signal);
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      return { reason: words[thrown.code] ?? 'it could not be reached', mayAgain: again.has(thrown.code), cause: thrown };
    }
    if (answer.status === 200) return { answer: answer.body };
    const mayAgain = answer.status === 429 || answer.status >= 500;
    return { reason: `it answered with the status ${answer.status}`, mayAgain, cause: undefined };
  }

  return {
    judge: async (slug, question, signal) => readVerdict(slug, await ask(slug, 'webhook', () => judgeRequest(question), signal)),
    async analyze(slug, texts, of, signal) {
      const body = await ask(slug, 'presidio', ({ language = 'en' }) => analyzeRequest(texts, language, of), signal);
      return readAnalysis(slug, body, texts, of.threshold);
    },
  };
}

const words: Readonly<Record<string, string>> = {
  EGRESS_FORBIDDEN: 'its address may not be reached: list it in allowPrivate, or use another way out',
  SERVER_TIMEOUT: 'it did not answer in time',
  ANSWER_TOO_LARGE: `its answer is larger than ${limitBytes} bytes`,
  UPSTREAM_LOST: 'the connection broke before its answer was whole',
  CANCELLED: 'nobody waits for it any more',
};
const again: ReadonlySet<string> = new Set(['UPSTREAM_UNREACHABLE', 'UPSTREAM_LOST']);
