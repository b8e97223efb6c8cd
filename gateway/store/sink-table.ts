// The tables of where records go besides, and of what deserves a look. The rule is that of table.ts, of which it is a part.
import type { AlertId, RecordId, SinkId, Slug } from '#contract/id.ts';
import type { AlertLevel } from './alert.ts';

export interface SinkTables {
  readonly sink: {
    readonly id: SinkId;
    readonly slug: Slug;
    /** JSON: contract/sink.ts. */
    readonly body: string;
  };
  readonly sink_secret: {
    readonly sink_id: SinkId;
    readonly name: string;
    readonly origin: string;
    readonly sealed: string;
    readonly set_at: number;
  };
  readonly sink_cursor: { readonly sink_id: SinkId; readonly chain: string; readonly seq: number };
  readonly sink_state: {
    readonly sink_id: SinkId;
    /** Who sends to it, until when; null where nobody does. */
    readonly holder: string | null;
    readonly lease_until: number;
    readonly sent: number;
    readonly rejected: number;
    readonly skipped: number;
    readonly delivered_at: number | null;
    readonly failing_since: number | null;
    readonly last_error: string | null;
    readonly last_error_at: number | null;
  };
  readonly alert: {
    readonly key: string;
    readonly id: AlertId;
    readonly level: AlertLevel;
    readonly words: string;
    readonly count: number;
    readonly record: string | null;
    readonly at: number;
    readonly first_at: number;
    readonly told_at: number | null;
    /** Until when somebody tells of it; null where nobody has begun to. */
    readonly lease_until: number | null;
    readonly closed_at: number | null;
  };
  /** `id`: of the record that is to tell of it. */
  readonly alert_closing: {
    readonly id: RecordId;
    readonly alert_id: AlertId;
    readonly key: string;
    readonly level: AlertLevel;
    readonly words: string;
    readonly record: string | null;
    readonly closed_at: number;
    readonly lease_until: number | null;
  };
  readonly alert_cursor: { readonly chain: string; readonly seq: number };
  readonly sink_parked: {
    readonly sink_id: SinkId;
    readonly chain: string;
    readonly seq: number;
    readonly reason: string;
    readonly at: number;
  };
}
