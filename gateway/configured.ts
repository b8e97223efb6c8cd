// What files beside the flags configure. The rule: each part is loaded only where its file is named, because otherwise it would only make the start longer.
import type { EgressSettings } from './admin/egress-file.ts';
import type { SignInSettings } from './admin/sign-in-file.ts';
import { onlyDirect, type Ways } from './egress/way.ts';
import type { SignIn, SignInDeps } from './http/sign-in/route.ts';
import type { ServeSettings } from './settings.ts';

/** By the machine's own routes where no file names others. */
export async function readWays({ egressFile }: ServeSettings): Promise<EgressSettings> {
  if (egressFile === undefined) return { ways: onlyDirect, published: { addresses: [], isComplete: false } };
  const { readEgressFile } = await import('./admin/egress-file.ts');
  return readEgressFile(egressFile);
}

/** Undefined where no file says how people sign in. */
export async function openSignIn(
  of: Omit<SignInDeps, keyof SignInSettings> & { settings: ServeSettings; ways: Ways },
): Promise<SignIn | undefined> {
  const { settings, ways, ...deps } = of;
  if (settings.signInFile === undefined) return undefined;
  const [{ readSignInFile }, { createSignIn }] = await Promise.all([
    import('./admin/sign-in-file.ts'),
    import('./http/sign-in/route.ts'),
  ]);
  return createSignIn({ ...deps, ...(await readSignInFile(settings.signInFile, [...ways.byName.keys()])) });
}
