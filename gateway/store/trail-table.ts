// The tables of the audit trail: its chains of records, the index of their search, and captured payloads. The rule is that of table.ts, of which it is a part.
import type { Generated } from 'kysely';
import type { RecordId } from '#contract/id.ts';
import type { PayloadDirection } from '#contract/payload.ts';

export interface TrailTables {
  /** The index over the records (sql/search.ts). `peak`: the latest `at` up to it. */
  readonly entry: { readonly number: number; readonly record: number; readonly at: number; readonly peak: number };
  readonly entry_cursor: { readonly chain: string; readonly seq: number };
  /** One row. `lag`: how much earlier than the latest before it a record was at most. */
  readonly entry_state: { readonly id: number; readonly next: number; readonly peak: number; readonly lag: number };
  /** Of SQLite: in which table the words of which entries stand, from `first` up to `next`. `since`: the latest time up to the first, ms since 1970. */
  readonly entry_part: {
    readonly part: number;
    readonly first: number;
    readonly next: number;
    readonly since: number;
    /** 1 where it has words of shared texts too. */
    readonly said: Generated<number>;
  };
  /** Of SQLite: entries of records that lie taken apart (sql/sheaf.ts), from `first` up to `next`. `peak`: that of the last. */
  readonly entry_sheaf: {
    readonly first: number;
    readonly next: number;
    readonly part: number;
    readonly peak: number;
    readonly texts: Uint8Array;
    readonly names: Uint8Array;
    readonly own: Uint8Array;
    readonly rest: Uint8Array;
  };
  /** Of SQLite: how a shared text speaks (sql/word-text.ts), and the newest part in which its words stand. */
  readonly entry_text: {
    readonly text: number;
    readonly part: number;
    readonly role: number;
    readonly count: number;
    readonly places: string | null;
  };

  /** At which gateway server, by its chain, an export or a verification runs. */
  readonly export_job: { readonly id: string; readonly chain: string; readonly expires_at: number };

  readonly chain: {
    readonly number: number;
    readonly name: string;
  };
  readonly record: {
    /** Of its chain and its own number in it (sql/place.ts); where a row holds several records, this and `at` are of the last (run.ts). */
    readonly id: number;
    readonly at: number;
    readonly body: string;
    readonly hash: string;
    /** Of the seal over its group, where it is the last of it: the last number of the group before, and the seal itself. */
    readonly after: number | null;
    readonly mac: string | null;
    readonly count: number | null;
    readonly base: number | null;
  };
  /** What the texts of records share (sql/run.ts). */
  readonly shared_text: { readonly id: number; readonly body: string };
  /** Where chains begin whose former records were removed (retention.ts). */
  readonly removal: {
    readonly chain: string;
    readonly seq: number;
    readonly hash: string;
    readonly at: number;
    readonly before: number;
    readonly mac: string;
  };

  /** What was asked and answered, sealed. `place`: the id of the row in `record`. */
  readonly payload: {
    readonly record_id: RecordId;
    readonly direction: PayloadDirection;
    readonly place: number;
    readonly key_id: string;
    readonly sealed: string;
    readonly at: number;
  };
  /** The data keys that payloads lie under, sealed by the vault. */
  readonly payload_key: { readonly id: string; readonly sealed: string; readonly made_at: number };
}
