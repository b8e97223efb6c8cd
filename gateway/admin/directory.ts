// The directory that provisions people: its tokens, what its groups give, who counts as not there. The rule: who lets a directory in, or says what a group gives, has all
// of that themselves, because whoever speaks for the directory can put anybody into a group.
import type { directoryOperations, MappedGroup } from '#contract/admin-directory.ts';
import { groupsInOrder } from '#contract/grant.ts';
import type { PolicyDirectoryGroup, PolicyFile } from '#contract/policy.ts';
import { reveal } from '#contract/secret.ts';
import { refuseBeing } from './above.ts';
import type { Actor } from './actor.ts';
import type { HandlersFor } from './context.ts';
import { issueDirectoryToken, revokeDirectoryToken, shownDirectoryToken } from './directory-token.ts';
import { page } from './page.ts';
import { changePolicy } from './policy-part.ts';
import { unknownName } from './suggest.ts';

export const directoryHandlers: HandlersFor<typeof directoryOperations> = {
  async 'directory.tokens'({ store, now }, { query }) {
    const all = (await store.directory.tokens()).map((one) => shownDirectoryToken(one, now()));
    return page(all, query, ({ id }) => id);
  },
  async 'directory.create-token'(context, { body }) {
    refuseSpeaking(context.actor, await context.store.filedPolicy());
    const { token, secret } = await issueDirectoryToken(context, body);
    return { ...shownDirectoryToken(token, context.now()), token: reveal(secret) };
  },
  async 'directory.revoke-token'(context, { params }) {
    await revokeDirectoryToken(context, params.id);
    return { done: true };
  },
  'directory.groups': async ({ store }) => ({
    items: groupsInOrder(await store.filedPolicy()).map(([group, gives]) => ({ group, gives })),
  }),
  'directory.read-group': async ({ store }, { params }) => existing(await store.filedPolicy(), params.group),
  async 'directory.put-group'(context, { params: { group }, body }) {
    const after = await changeGroup(context, 'directory.put-group', group, body);
    return existing(after, group);
  },
  async 'directory.remove-group'(context, { params: { group } }) {
    await changeGroup(context, 'directory.remove-group', group, undefined);
    return { done: true };
  },
  async 'directory.held'({ store }, { query }) {
    const all = (await store.directory.held()).map(({ slug, cause, since }) => ({ user: slug, cause, since }));
    return page(all, query, ({ user, cause }) => `${user} ${cause}`);
  },
};

/** Throws ABOVE_OWN and GATEWAY_NOT_GRANTED. */
function refuseSpeaking(actor: Actor, policy: PolicyFile): void {
  for (const [, group] of groupsInOrder(policy)) refuseBeing(actor, policy, group);
}

function changeGroup(
  context: Parameters<typeof changePolicy>[0],
  operation: string,
  group: string,
  gives: PolicyDirectoryGroup | undefined,
): Promise<PolicyFile> {
  return changePolicy(context, {
    operation,
    target: group,
    show: (policy) => shown(policy, group),
    change(policy) {
      if (gives === undefined) existing(policy, group);
      // One that is there keeps its place.
      const known = new Map(Object.entries(policy.directory?.groups ?? {}));
      if (gives === undefined) known.delete(group);
      else known.set(group, gives);
      const { directory: _, ...others } = policy;
      return known.size === 0 ? others : { ...others, directory: { groups: Object.fromEntries(known) } };
    },
  });
}

function shown({ directory }: PolicyFile, group: string): MappedGroup | null {
  const gives = new Map(Object.entries(directory?.groups ?? {})).get(group);
  return gives ? { group, gives } : null;
}

function existing(policy: PolicyFile, group: string): MappedGroup {
  const found = shown(policy, group);
  if (found) return found;
  const known = Object.keys(policy.directory?.groups ?? {});
  throw unknownName('group of the directory', group, known, '`directory.put-group` says what one gives');
}
