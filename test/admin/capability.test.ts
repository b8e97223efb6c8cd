// Each capability has an operation that asks for it, or a reason why none does: one that nothing asks for would promise what nobody keeps.
import { expect, test } from 'vitest';
import { operationIds, operationOf } from '#contract/admin.ts';
import { capabilities, type Capability } from '#contract/capability.ts';

const asked = new Set<string>(operationIds.map((id) => operationOf(id).capability));

/** What asks for them instead. */
const elsewhere: Partial<Record<Capability, string>> = {
  'gateways.use': 'sign-ins, tokens and calls of AI hosts (contract/grant.ts)',
  'gateways.use-all': 'calls of AI hosts (contract/grant.ts)',
  'gateways.view-all': 'every operation that is about one gateway (gateway/admin/actor.ts)',
};

test('each capability is asked for by an operation of the admin API, or it is said what asks for it', () => {
  expect(capabilities.filter((one) => !asked.has(one)).toSorted()).toEqual(Object.keys(elsewhere).toSorted());
});
