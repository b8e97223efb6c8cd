// The tables of what rules need beside the policy. The rule is that of table.ts, of which it is a part.
import type { Slug } from '#contract/id.ts';

export interface RuleTables {
  /** What an engine is shown in a header, sealed by the vault to the engine, the header and the origin. */
  readonly engine_secret: {
    readonly engine_slug: Slug;
    /** In lower case. */
    readonly header: string;
    readonly origin: string;
    readonly sealed: string;
    readonly set_at: number;
    readonly set_by: string;
  };
}
