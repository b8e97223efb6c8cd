// Whether a host that listens may still do so: its token as it is now, its gateway as it is granted now. The rule: it has to be the same host of the same user.
import { Fault } from '#contract/error.ts';
import type { TokenCheck } from '../caller/token.ts';
import type { Caller, Identified } from '../call.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';

/** Asked again and again; rejects with the Fault for which it may no more. */
export function admission(
  { tokenCheck, pipeline }: { readonly tokenCheck: TokenCheck; readonly pipeline: Pipeline },
  authorization: string | undefined,
  caller: Caller,
  target: Identified['target'],
): () => Promise<void> {
  return async () => {
    const now = await tokenCheck.callerOf(authorization);
    pipeline.admit(now, target);
    if (now.user.id !== caller.user.id || now.host !== caller.host) throw new Fault('SESSION_UNKNOWN');
  };
}
