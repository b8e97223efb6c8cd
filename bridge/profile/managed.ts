// What an MDM forces on the device: preferences on macOS, policies in the Windows registry. Linux has neither: there root's file is all.
// Rule: only what the user can't write counts. What can't be read is not the same as what is not there: it is told, and the last good values stay.
import type { SettingName } from '#contract/profile.ts';
import { settingNames, settingOf } from '#contract/profile.ts';
import { managedOnMacos } from './macos.ts';
import { managedOnWindows } from './windows.ts';

export type Managed =
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'values';
      readonly values: Readonly<Record<string, unknown>>;
      readonly from: string;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'ignored'; readonly from: string; readonly reason: string };

export interface ManagedPlace {
  readonly platform: NodeJS.Platform;
  readonly uid: number;
  /** Names the user's folder of managed preferences on macOS. */
  readonly userName?: string | undefined;
  /** In place of `/Library/Managed Preferences`; a test's. */
  readonly managedDirectory?: string | undefined;
  /** In place of Windows' reg.exe; a test's. */
  readonly registryProgram?: string | undefined;
}

export async function readManaged(place: ManagedPlace): Promise<Managed> {
  switch (place.platform) {
    case 'darwin':
      return managedOnMacos(place.uid, place.userName, place.managedDirectory);
    case 'win32':
      return managedOnWindows(asSettings, place.registryProgram);
    default:
      return { kind: 'absent' };
  }
}

/** The registry has no booleans: 1 and 0 stand for them. */
function asSettings(values: ReadonlyMap<string, string | number>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    [...values].map(([name, value]) => [name, isBoolean(name) && typeof value === 'number' ? value !== 0 : value]),
  );
}

function isBoolean(name: string): boolean {
  const known: SettingName | undefined = settingNames.find((each) => each === name);
  return known !== undefined && settingOf(known).kind === 'boolean';
}
