// The admin API's operations on engines: programs of the organization's own that rules ask.
import { z } from 'zod';
import { Done, listOf, operation, Page, slugs } from './admin-operation.ts';
import { PolicyEngine } from './engine.ts';
import { Slug } from './id.ts';

export const Engine = z.object({ slug: Slug, engine: PolicyEngine });
export type Engine = z.infer<typeof Engine>;

const params = slugs('engine');
const example = { params: { engine: 'judge' } };
const capability = 'integrations.manage';
const judge = { kind: 'webhook', url: 'https://judge.example.org/verdict' };

export const engineOperations = {
  'engines.list': operation({
    method: 'GET',
    path: '/engines',
    capability,
    summary: 'Lists the engines that rules may ask.',
    query: Page,
    answer: listOf(Engine),
  }),
  'engines.read': operation({
    method: 'GET',
    path: '/engines/{engine}',
    capability,
    summary: 'Shows an engine.',
    params,
    answer: Engine,
    example,
  }),
  'engines.create': operation({
    method: 'POST',
    path: '/engines',
    capability,
    summary: 'Adds an engine, which no rule asks yet.',
    body: z.strictObject({ slug: Slug, engine: PolicyEngine }),
    answer: Engine,
    example: { body: { slug: 'second', engine: judge } },
  }),
  'engines.replace': operation({
    method: 'PUT',
    path: '/engines/{engine}',
    isConditional: true,
    capability,
    summary: 'Replaces what the policy says of an engine. Rules ask it there from the next message on.',
    params,
    body: PolicyEngine,
    answer: Engine,
    example: { ...example, body: { ...judge, retries: 0 } },
  }),
  'engines.remove': operation({
    method: 'DELETE',
    path: '/engines/{engine}',
    isConditional: true,
    capability,
    summary: 'Removes an engine that no rule asks.',
    params,
    answer: Done,
    example,
  }),
  'engines.test': operation({
    method: 'POST',
    path: '/engines/{engine}/test',
    capability,
    summary: 'Asks an engine about one made-up message, the same way as rules ask, and tells what came back.',
    params,
    answer: z.object({
      engine: Slug,
      /** `answered`: with something that counts; which, `words` say. */
      outcome: z.enum(['answered', 'failed']),
      words: z.string(),
      tookMs: z.number().int(),
    }),
    example,
  }),
};
