// The operations on the audit records. The rule: what is taken away is a deed, so that the records say who has a copy of them.
import type { auditOperations } from '#contract/admin-audit.ts';
import type { ExportFormat } from '../audit/export.ts';
import type { RecordFilter } from '../store/search.ts';
import { doing, type Acting, type HandlersFor } from './context.ts';
import { searchRecords } from './search.ts';

export const auditHandlers: HandlersFor<typeof auditOperations> = {
  async 'audit.search'({ store }, { query: { limit, cursor, ...filter } }) {
    const { items, ...page } = await searchRecords(store, filter, { limit, cursor });
    return { ...page, items: items.map(({ chain, seq, record }) => ({ chain, seq, record: record ?? null })) };
  },
  async 'audit.export'(context, { body: { format, filter } }) {
    await noteExport(context, context.now(), { format, filter });
    return await context.exports.begin({ format, filter });
  },
  async 'audit.export-progress'({ exports }, { params }) {
    return exports.progress(params.id);
  },
  async 'audit.export-part'({ exports }, { params, query }) {
    return await exports.part(params.id, query.after);
  },
  async 'audit.export-remove'({ exports }, { params }) {
    await exports.remove(params.id);
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
