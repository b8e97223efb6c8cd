// The operations on the audit records. The rule: what is taken away is a deed, so that the records say who has a copy of them.
import type { auditOperations } from '#contract/admin-audit.ts';
import { Fault } from '#contract/error.ts';
import type { ExportFormat } from '../audit/export.ts';
import type { RecordFilter } from '../store/search.ts';
import { doing, type Acting, type HandlersFor } from './context.ts';
import { readPayloads } from './payload.ts';
import { retentionStanding } from './retention.ts';
import { searchRecords } from './search.ts';

export const auditHandlers: HandlersFor<typeof auditOperations> = {
  async 'audit.search'({ store }, { query: { limit, cursor, ...filter } }) {
    const { items, ...page } = await searchRecords(store, filter, { limit, cursor });
    return { ...page, items: items.map(({ chain, seq, record }) => ({ chain, seq, record: record ?? null })) };
  },
  async 'audit.payload'(context, { params, query }) {
    return await readPayloads({ ...context, reason: query.reason ?? null }, params.id);
  },
  'audit.checkpoint': async ({ trail }) => ({ checkpoint: await trail.checkpoint() }),
  'audit.retention': ({ store, now }) => retentionStanding(store, now()),
  async 'audit.verify'(context, { body: { checkpoints } }) {
    const { trail, now } = context;
    const begun = await trail.verifications.begin(checkpoints).catch((error: unknown) => {
      // Of the records nothing is known yet: it is what came that is none.
      if (!(error instanceof Fault) || error.code !== 'AUDIT_BROKEN') throw error;
      throw new Fault('INPUT_INVALID', { reason: `body.checkpoints: ${String(error.fields['reason'])}` }, { cause: error });
    });
    // It changes nothing; that somebody had all records read is on record like an export.
    const deed = {
      operation: 'audit.verify',
      target: begun.id,
      before: null,
      after: { withCheckpoints: checkpoints !== undefined },
    };
    await doing(context, now(), deed).administration.noteDeed();
    return begun;
  },
  'audit.verification': async ({ trail }, { params }) => trail.verifications.progress(params.id),
  async 'audit.export'(context, { body: { format, filter } }) {
    await noteExport(context, context.now(), { format, filter });
    return await context.trail.exports.begin({ format, filter });
  },
  async 'audit.export-progress'({ trail }, { params }) {
    return await trail.exports.progress(params.id);
  },
  async 'audit.export-part'({ trail }, { params, query }) {
    return await trail.exports.part(params.id, query.after);
  },
  async 'audit.export-remove'(context, { params: { id } }) {
    const { trail, now } = context;
    const { format, state, rows } = await trail.exports.progress(id);
    const deed = { operation: 'audit.export-remove', target: id, before: { format, state, rows }, after: null };
    await doing(context, now(), deed).administration.noteDeed();
    await trail.exports.remove(id);
    return { done: true };
  },
};

/** Somebody gets a copy of these records. */
export async function noteExport(
  acting: Acting,
  at: number,
  of: { readonly format: ExportFormat; readonly filter: RecordFilter },
): Promise<void> {
  const deed = { operation: 'audit.export', target: null, before: null, after: of };
  await doing(acting, at, deed).administration.noteDeed();
}
