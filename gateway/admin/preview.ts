// What a person would see at a gateway now. The rule: that somebody looked is on record before a server is asked, and nobody's own identity is used by whoever may not
// manage identities.
import type { previewOperations } from '#contract/admin-preview.ts';
import { Fault } from '#contract/error.ts';
import { need } from './actor.ts';
import { doing, type HandlersFor } from './context.ts';
import { unknownName } from './suggest.ts';

export const previewHandlers: HandlersFor<typeof previewOperations> = {
  async 'gateways.preview'(context, { params: { gateway }, body }) {
    const { store, actor, now, preview } = context;
    if (body.identity === 'own') need(actor, 'identities.manage');
    const [policy, user] = await Promise.all([store.filedPolicy(), store.administration.user(body.user)]);
    if (!Object.hasOwn(policy.gateways, gateway))
      throw unknownName('gateway', gateway, Object.keys(policy.gateways), '`gateways.create` makes one');
    // Who there is, is not for everybody who may say what is exposed.
    if (!user) throw new Fault('NAME_UNKNOWN', { what: 'user', name: body.user, hint: '`users.list` shows who there is.' });
    const of = { operation: 'gateways.preview', target: gateway, before: null, after: body };
    await doing(context, now(), of).administration.noteDeed();
    return await preview({ ...body, gateway });
  },
};
