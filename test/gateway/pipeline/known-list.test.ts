// Lists that are kept: each caller's own, for as long as they may count, within the bound.
import { describe, expect, test } from 'vitest';
import { newId, Slug, UserId } from '#contract/id.ts';
import { PolicyFile, type PolicyIds } from '#contract/policy.ts';
import { Fault } from '#contract/error.ts';
import type { AllowedListing, Caller, Identified } from '../../../gateway/call.ts';
import { features } from '../../../gateway/mcp/feature.ts';
import { createKnownLists } from '../../../gateway/pipeline/known-list.ts';
import { compile } from '../../../gateway/policy/compile.ts';
import { decideListing, enter } from '../../../gateway/policy/decide.ts';
import type { ListedItem, Upstream } from '../../../gateway/upstream/upstream.ts';
import { proves } from '../../requirement.ts';
import { followsNothing } from './following.ts';
import { uncut } from './uncut.ts';

const eng = Slug.parse('eng');
const ids: PolicyIds = {
  users: { ada: newId(), grace: newId() },
  teams: {},
  servers: { files: newId() },
  gateways: { eng: newId() },
  assignments: {},
};
const policy = PolicyFile.parse({
  version: 1,
  users: { ada: { email: 'a@example.org', teams: ['red'] }, grace: { email: 'g@example.org', teams: ['red'] } },
  teams: { red: { gateways: ['eng'] } },
  servers: { files: { kind: 'workstation' } },
  gateways: { eng: { assignments: { files: { tools: 'all' } } } },
});
const snapshot = compile({ policy, ids, offers: [], approvals: [] });

function listing(user: 'ada' | 'grace', host = 'codex'): AllowedListing {
  const caller: Caller = {
    user: { id: UserId.parse(ids.users[user]), slug: Slug.parse(user) },
    host,
    token: null,
    gateway: eng,
    via: 'http',
    workstation: null,
  };
  const gateway = enter(snapshot, caller, 'eng');
  const assignment = gateway instanceof Fault ? undefined : gateway.assignments.get('files');
  const request: Identified = {
    era: 'modern',
    method: 'tools/list',
    target: { gateway: eng, server: undefined },
    body: Buffer.alloc(0),
    caller,
    conversation: 'c',
    arrivedAt: { monotonic: 0, wall: 0 },
  };
  const decided = assignment && decideListing(snapshot, request, assignment);
  if (!decided || decided instanceof Fault) throw new Error('not allowed');
  return decided;
}

/** An upstream of one list: each asking counts. */
function upstreamOf(list: () => readonly ListedItem[]): Upstream & { asked: number } {
  return {
    asked: 0,
    async list() {
      this.asked++;
      return list();
    },
    call: () => Promise.reject(new Error('not called')),
    tell: () => Promise.resolve(),
    meet: () => Promise.resolve(),
    about: () => undefined,
    follow: followsNothing,
    hear: () => undefined,
    release: () => undefined,
    close: () => Promise.resolve(),
  };
}
const item = (name: string, bytes = 10): ListedItem => ({ name, json: Buffer.alloc(bytes), nameSpan: { start: 0, end: 0 } });
const never = new AbortController().signal;

describe('a kept list', () => {
  test('is shown to the caller who got it, and to no other user or host', async () => {
    proves('policy.lists-own', {
      file: 'gateway/pipeline/known-list.ts',
      find: "[caller.user.id, caller.host, caller.workstation ?? '', gateway.slug, server.id, kind]",
      replace: '[gateway.slug, server.id, kind]',
    });
    const lists = createKnownLists(
      upstreamOf(() => [item('read')]),
      uncut,
    );
    await lists.ask(listing('ada'), features.tools, {}, never);
    expect(lists.last(listing('ada'), features.tools)).toMatchObject([{ name: 'read' }]);
    expect(lists.last(listing('ada', 'claude-code'), features.tools)).toBeUndefined();
    expect(lists.last(listing('grace'), features.tools)).toBeUndefined();
    expect(lists.last(listing('ada'), features.prompts)).toBeUndefined();
  });

  test('spares the server for a minute, and is forgotten after a day', async () => {
    let now = 0;
    const upstream = upstreamOf(() => [item('read')]);
    const lists = createKnownLists(upstream, uncut, () => now);
    const recent = () => lists.recent(listing('ada'), features.tools, {}, never);
    await recent();
    now = 59_000;
    await recent();
    expect(upstream.asked).toBe(1);
    now = 61_000;
    await recent();
    expect(upstream.asked).toBe(2);
    now += 24 * 3_600_000 - 1;
    expect(lists.last(listing('ada'), features.tools)).toHaveLength(1);
    now += 2;
    expect(lists.last(listing('ada'), features.tools)).toBeUndefined();
  });

  test('gives way to newer ones, and one that is too large is not kept', async () => {
    const lists = createKnownLists(
      upstreamOf(() => [item('large', 7 * 1024 * 1024)]),
      uncut,
    );
    for (let host = 0; host < 12; host++) await lists.ask(listing('ada', `host-${host}`), features.tools, {}, never);
    const kept = Array.from(
      { length: 12 },
      (_, host) => lists.last(listing('ada', `host-${host}`), features.tools) !== undefined,
    );
    expect(kept).toEqual([false, false, false, ...Array.from({ length: 9 }, () => true)]);
    const huge = createKnownLists(
      upstreamOf(() => [item('huge', 9 * 1024 * 1024)]),
      uncut,
    );
    expect(await huge.ask(listing('ada'), features.tools, {}, never)).toHaveLength(1);
    expect(huge.last(listing('ada'), features.tools)).toBeUndefined();
  });
});
