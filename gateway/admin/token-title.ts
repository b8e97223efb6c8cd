// What a token that was made by hand is for: nobody can tell apart those that say nothing of it. The rule: whoever makes one asks here, by the API and at the command line.
import { TokenTitle } from '#contract/admin-operation.ts';
import { Fault } from '#contract/error.ts';

/** Throws SETTING_INVALID. */
export function refuseNoTitle(title: string): void {
  const parsed = TokenTitle.safeParse(title);
  if (!parsed.success)
    throw new Fault('SETTING_INVALID', { setting: '--title', reason: 'say what it is for, in 120 characters at most.' });
}
