// What a refusal tells of names: who may list such things is told what was meant, who may not learns nothing by mistyping.
import { expect, onTestFinished, test } from 'vitest';
import type { Capability } from '#contract/capability.ts';
import { PolicyFile } from '#contract/policy.ts';
import { Slug } from '#contract/id.ts';
import { proves } from '../requirement.ts';
import { openStage } from './stage.ts';

const slug = (text: string) => Slug.parse(text);

async function scene() {
  const stage = await openStage(
    PolicyFile.parse({
      version: 1,
      users: { ada: { email: 'ada@example.org', role: 'super-admin' }, bob: { email: 'bob@example.org' } },
      servers: { notes: { kind: 'workstation' } },
      gateways: { main: { assignments: { notes: {} } }, side: {} },
    }),
  );
  onTestFinished(() => stage.close());
  return { stage, as: async (...capabilities: Capability[]) => stage.client(await stage.token('ada', capabilities)) };
}

type Called =
  | { readonly ok: true }
  | { readonly ok: false; readonly refusal: { readonly status: number; readonly message: string } };
const refusalOf = (called: Called) => (called.ok ? undefined : called.refusal);

test('who may not list such things is not told which there are', async () => {
  proves('admin.names-told', {
    file: 'gateway/admin/told.ts',
    find: 'return capability !== undefined && may(actor, capability);',
    replace: 'return true;',
  });
  const { as } = await scene();
  const off = (kind: 'user' | 'server' | 'gateway' | 'assignment', name: string) => ({
    body: { kind, name, reason: 'a test', tell: false },
  });
  const able = { user: ['people.view'], server: ['servers.view'], gateway: ['gateways.view-all'] } as const;
  const meant = { user: ['bbo', 'bob'], server: ['notse', 'notes'], gateway: ['sied', 'side'] } as const;
  for (const kind of ['user', 'server', 'gateway'] as const) {
    const [wrong, right] = meant[kind];
    const plain = refusalOf(await (await as('switches.manage', 'gateways.view-all')).call('switches.off', off('user', wrong)));
    expect(plain, kind).toMatchObject({ status: 404 });
    expect(plain?.message).not.toContain('bob');
    const told = refusalOf(
      await (await as('switches.manage', 'gateways.view-all', ...able[kind])).call('switches.off', off(kind, wrong)),
    );
    expect(told?.message, kind).toContain(`"${right}"`);
  }
  // One that there is and one that there is not: of neither.
  const mine = await as('switches.manage');
  const [side, sied] = [
    await mine.call('switches.off', off('gateway', 'side')),
    await mine.call('switches.off', off('gateway', 'sied')),
  ];
  expect([refusalOf(side)?.status, refusalOf(sied)?.status]).toEqual([403, 403]);
  const servers = await (await as('switches.manage', 'people.view')).call('switches.off', off('server', 'notse'));
  expect(refusalOf(servers)?.message).toBe('There is no server "notse". You may not see which there are.');
});

test('a change of a part of the policy does not tell names of other parts either', async () => {
  proves('admin.names-of-policy', {
    file: 'gateway/admin/policy-part.ts',
    find: "may(actor, 'policy.read')",
    replace: 'true',
  });
  const { as } = await scene();
  const put = { params: { gateway: slug('main'), server: slug('notse') }, body: {} };
  const plain = await (await as('provisioning.manage', 'gateways.view-all')).call('assignments.put', put);
  expect(refusalOf(plain)?.message).toContain('there is no server "notse"');
  expect(refusalOf(plain)?.message).not.toContain('notes');
  const told = await (await as('provisioning.manage', 'gateways.view-all', 'policy.read')).call('assignments.put', put);
  expect(refusalOf(told)?.message).toContain('did you mean "notes"');
});

test('a sample is not tried at a gateway that there is not', async () => {
  const { as } = await scene();
  const rules = [{ name: slug('one'), method: 'pattern' as const, action: 'redact' as const, patterns: ['a'] }];
  const body = { sample: 'a', on: 'request' as const, for: 'tools' as const, rules };
  const all = await as('rules.manage', 'gateways.view-all');
  expect(refusalOf(await all.call('rules.test', { params: { gateway: slug('nowhere') }, body }))?.status).toBe(404);
  expect(refusalOf(await all.call('rules.test', { params: { gateway: slug('main') }, body }))).toBeUndefined();
});
