// Capabilities and the built-in roles.
import { describe, expect, test } from 'vitest';
import { operationIds, operationOf } from '#contract/admin.ts';
import { builtInRoles, capabilities, capabilityOf, commonCapabilities, roleCapabilities } from '#contract/capability.ts';

describe('capabilities', () => {
  test('stand for each of the 22 usual names, whole or in parts', () => {
    expect(commonCapabilities).toHaveLength(22);
    for (const name of commonCapabilities)
      expect(
        capabilities.filter((one) => capabilityOf(one).covers.includes(name)),
        name,
      ).not.toEqual([]);
    for (const one of capabilities) expect(capabilityOf(one).covers, one).not.toEqual([]);
  });

  test("are all the super admin's, and a role that is not there grants none", () => {
    expect(builtInRoles['super-admin']?.capabilities).toEqual(capabilities);
    expect(roleCapabilities({ roles: {} })).toEqual(['gateways.use']);
    expect(roleCapabilities({ roles: {} }, 'gone')).toEqual([]);
    expect(roleCapabilities({ roles: { member: { capabilities: ['policy.apply'] } } }, 'member')).toEqual(['gateways.use']);
    expect(roleCapabilities({ roles: {} }, 'constructor')).toEqual([]);
  });

  test("are declared by every operation, and whatever changes something needs one; a key of one's own is replaced with any", () => {
    for (const id of operationIds) {
      const { capability, method } = operationOf(id);
      if (method === 'GET') continue;
      if (id === 'access-tokens.rotate') expect(capability).toBe('any');
      else expect(capabilities, id).toContain(capability);
    }
  });
});
