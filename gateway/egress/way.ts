// The ways by which requests leave this machine. The rule: a way that is named and not there is none, and nothing goes another way for it.
import type { Secret } from '#contract/secret.ts';

export type Way =
  | { readonly kind: 'direct' }
  | {
      readonly kind: 'source';
      /** An address of this machine. */
      readonly address: string;
    }
  | {
      readonly kind: 'proxy';
      /** `http:` or `https:`; it is asked to CONNECT. */
      readonly url: URL;
      /** The value of Proxy-Authorization. */
      readonly authorization: Secret<string> | undefined;
      /** Who resolves names, and judges what they lead to. */
      readonly resolver: 'gateway' | 'proxy';
    };

export interface Ways {
  readonly byName: ReadonlyMap<string, Way>;
  /** The name of the one that is taken where none is named. */
  readonly usual: string;
}

export const onlyDirect: Ways = { byName: new Map([['direct', { kind: 'direct' }]]), usual: 'direct' };
