// What a definition says that conditions ask for.
import { expect, test } from 'vitest';
import { canonicalOf } from '../../../gateway/pin/canonical.ts';
import { hintsOf } from '../../../gateway/pin/hint.ts';

const said = (definition: unknown) => hintsOf(canonicalOf(Buffer.from(JSON.stringify(definition))).text);

test.each([
  [{ annotations: { readOnlyHint: true, destructiveHint: false, other: true } }, { readOnlyHint: true, destructiveHint: false }],
  [{ annotations: { readOnlyHint: 'true', idempotentHint: 1, openWorldHint: null } }, {}],
  [{ readOnlyHint: true, _meta: { annotations: { readOnlyHint: true } } }, {}],
  [{ annotations: ['readOnlyHint'] }, {}],
  [{ annotations: null }, {}],
  [[], {}],
  ['readOnlyHint', {}],
])('of %j is what stands there as true or false', (definition, hints) => {
  expect(said(definition)).toEqual(hints);
});
