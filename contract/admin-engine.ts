// The admin API's operations on engines: programs of the organization's own that rules ask.
import { z } from 'zod';
import { Done, listOf, operation, Page, slugs } from './admin-operation.ts';
import { PolicyEngine } from './engine.ts';
import { Slug } from './id.ts';

export const Engine = z.object({ slug: Slug, engine: PolicyEngine });
export type Engine = z.infer<typeof Engine>;

/** How an engine knows this gateway server by a header. Times in ms since 1970. */
export const EngineStatus = z.object({
  engine: Slug,
  /** As the policy names it; null where the engine wants none. */
  secretHeader: z.string().nullable(),
  /** Why there is no value for it that counts, so that the engine is not asked; null where nothing is missing. */
  missing: z.string().nullable(),
  setAt: z.number().int().nullable(),
  setBy: z.string().nullable(),
});
export type EngineStatus = z.infer<typeof EngineStatus>;

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
  'engines.status': operation({
    method: 'GET',
    path: '/engine-status',
    capability,
    summary: 'Shows of each engine whether the value of its secret header is set, since when and by whom; never the value.',
    answer: z.object({ items: z.array(EngineStatus) }),
  }),
  'engines.set-secret': operation({
    method: 'PUT',
    path: '/engines/{engine}/secret',
    capability,
    summary:
      'Sets the value of the secret header of an engine. It is sealed to the header and to where the engine is now, and shown never again.',
    params,
    body: z.strictObject({ value: z.string().min(1).max(8192) }),
    answer: z.object({ engine: Slug, header: z.string(), origin: z.string() }),
    example: { params: { engine: 'guard' }, body: { value: 'Bearer 0123456789abcdef' } },
  }),
  'engines.remove-secret': operation({
    method: 'DELETE',
    path: '/engines/{engine}/secret',
    capability,
    summary: 'Removes that value. From the next message on the engine is not asked.',
    params,
    answer: Done,
    example: { params: { engine: 'guard' } },
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
