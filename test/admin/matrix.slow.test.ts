// Every operation of the admin API against its capability: a walk over the table, so that an operation that is added is in it by itself.
import { beforeAll, describe, expect, test } from 'vitest';
import { operationIds, operationOf } from '#contract/admin.ts';
import { readInput } from '#contract/admin-operation.ts';
import { proves } from '../requirement.ts';
import { matrix, type Row } from './matrix.ts';

/** They ask with a body. */
const changesNothing = new Set(['policy.plan', 'rules.test', 'servers.check']);

let rows: readonly Row[];
beforeAll(async () => {
  rows = await matrix();
});

describe('an operation of the admin API', () => {
  test('has an example that fits its schemas', () => {
    for (const id of operationIds) {
      const operation = operationOf(id);
      const { params = {}, query = {}, body } = operation.example;
      expect(readInput(operation, { params, query, body }), id).toMatchObject({ kind: 'read' });
    }
  });

  test('is done for a role that grants its capability and nothing else', () => {
    for (const { id, with: seen } of rows) expect([id, seen.code, seen.status < 300]).toEqual([id, undefined, true]);
    expect(rows.map(({ id }) => id)).toEqual(operationIds);
  });

  test('that changes something leaves a deed', () => {
    proves('admin.every-deed', {
      file: 'gateway/admin/policy-part.ts',
      find: 'await doing(context, now(), { operation, target, before: shown, after: of.show(after) }).replacePolicy(',
      replace: 'await store.replacePolicy(',
    });
    const silent = rows.filter(({ with: { status }, isDeed }) => status < 300 && !isDeed).map(({ id }) => id);
    const reading = operationIds.filter((id) => operationOf(id).method === 'GET' || changesNothing.has(id));
    expect(silent).toEqual(reading.filter((id) => silent.includes(id)));
  });

  test('is refused for a role that grants everything else, and the refusal names what is missing', () => {
    proves('admin.capability', {
      file: 'gateway/admin/operation.ts',
      find: "if (capability !== 'any') need(actor, capability);",
      replace: '',
    });
    for (const { id, capability, without } of rows) {
      const refused = { status: 403, code: 'CAPABILITY_NEEDED', capability };
      expect([id, without]).toEqual([id, capability === 'any' ? { status: 401, code: 'ACCESS_TOKEN_NEEDED' } : refused]);
    }
  });

  test('that is about a gateway is refused where no team grants that gateway', () => {
    proves('admin.gateway-reach', {
      file: 'gateway/admin/operation.ts',
      find: "if (gateway !== undefined) needGateway(actor, params[gateway] ?? '');",
      replace: '',
    });
    for (const { id, elsewhere } of rows)
      if (elsewhere !== undefined) expect([id, elsewhere.code]).toEqual([id, 'GATEWAY_NOT_GRANTED']);
  });

  test('is decided the same whatever the built-in roles are called', async () => {
    const renamed = await matrix({ 'super-admin': 'Nobody', administrator: 'Member', member: 'Super admin' });
    expect(renamed).toEqual(rows);
  });
});
