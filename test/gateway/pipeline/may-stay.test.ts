// Whether a call that waits for its host may go on, by the policy of now.
import { expect, test } from 'vitest';
import { Fault } from '#contract/error.ts';
import { newId, Slug, TokenId, UserId } from '#contract/id.ts';
import { PolicyFile, type PolicyIds } from '#contract/policy.ts';
import type { AllowedCall, Identified } from '../../../gateway/call.ts';
import { mayStay } from '../../../gateway/pipeline/permit.ts';
import { resolve } from '../../../gateway/pipeline/resolve.ts';
import { compile, type Snapshot } from '../../../gateway/policy/compile.ts';
import { decide, enter } from '../../../gateway/policy/decide.ts';

const [ada, crm, eng] = [newId(), newId(), newId()];

function snapshotWith(url: string, server = crm): Snapshot {
  const ids: PolicyIds = { users: { ada }, teams: {}, servers: { crm: server }, gateways: { eng }, assignments: {} };
  const policy = PolicyFile.parse({
    version: 1,
    users: { ada: { email: 'ada@example.org', teams: ['all'] } },
    teams: { all: { gateways: ['eng'] } },
    servers: { crm: { kind: 'remote', url } },
    gateways: { eng: { assignments: { crm: { tools: ['add'] } } } },
  });
  return compile({ policy, ids, offers: [], approvals: [] });
}

function allowed(snapshot: Snapshot): AllowedCall {
  const slug = Slug.parse('eng');
  const asked: Identified = {
    era: 'modern',
    method: 'tools/call',
    target: { gateway: slug, server: undefined },
    body: Buffer.alloc(0),
    caller: {
      user: { id: UserId.parse(ada), slug: Slug.parse('ada') },
      host: 'codex',
      token: TokenId.parse(newId()),
      gateway: slug,
      via: 'http',
      workstation: null,
    },
    conversation: 'c',
    arrivedAt: { monotonic: 0, wall: 0 },
  };
  const gateway = enter(snapshot, asked.caller, slug);
  if (gateway instanceof Fault) throw gateway;
  const decision = decide(snapshot, { ...asked, ...resolve(gateway, asked, { kind: 'tools', name: 'crm__add' }) });
  if (decision.kind === 'refused') throw decision.fault;
  return decision.call;
}

test('a call whose server is at another address by now may not go on, nor one whose server is another', async () => {
  const old = 'https://crm.example.org/mcp';
  const call = allowed(snapshotWith(old));
  const stays = (now: Snapshot) =>
    mayStay(
      {
        inForce: { current: () => now, onChange: () => () => undefined, close: () => undefined },
        stands: () => Promise.resolve(),
      },
      call,
    );
  await expect(stays(snapshotWith(old))).resolves.toBeUndefined();
  await expect(stays(snapshotWith('https://crm.example.net/mcp'))).rejects.toMatchObject({ code: 'UPSTREAM_MOVED' });
  await expect(stays(snapshotWith(old, newId()))).rejects.toMatchObject({ code: 'SERVER_NOT_ASSIGNED' });
});
