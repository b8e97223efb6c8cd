// POST /workstation/enroll: reads a small JSON body and answers what contract/enrollment.ts says. Every refusal is recorded.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { asFault, Fault } from '#contract/error.ts';
import { newId, type OrganizationId } from '#contract/id.ts';
import type { Recorder } from '../audit/record.ts';
import type { Store } from '../store/store.ts';
import { enroll } from '../workstation/enroll.ts';
import { createRefusals } from '../workstation/event.ts';
import { readBody } from './body.ts';
import { answerJson } from './error.ts';
import { readJson } from './json.ts';

const bodyLimitBytes = 64 * 1024;
const atOnce = 32;

export function createEnrollRoute(deps: {
  store: Store;
  recorder: Recorder;
  organization: OrganizationId;
  publicOrigin: string;
  now: () => number;
  logger: Logger;
  /** Where a request came from, behind the proxies that are trusted. */
  addressOf?: (request: IncomingMessage) => string;
}): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const record = deps.recorder.append.bind(deps.recorder);
  const refused = createRefusals(record, deps.now);
  let running = 0;

  return async (request, response) => {
    if (running >= atOnce) throw new Fault('BUSY', { what: 'enrollment' });
    running++;
    const address = deps.addressOf?.(request) ?? request.socket.remoteAddress ?? '';
    try {
      if (request.headers['content-type']?.split(';')[0]?.trim() !== 'application/json') throw new Fault('MEDIA_TYPE');
      const answer = await enroll({ ...deps, record }, readJson(await readBody(request, bodyLimitBytes)).value, address);
      deps.logger.info({ workstation: answer.workstation }, 'workstation enrolled');
      answerJson(response, 200, answer);
    } catch (error) {
      const fault = asFault(error, newId());
      await refused({ event: 'enroll_refused', code: fault.code, detail: { address } });
      throw fault;
    } finally {
      running--;
    }
  };
}
