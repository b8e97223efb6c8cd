// Where IT's profile lies on macOS: forced preferences of dev.drawbridge.companion (a configuration profile), then a file of root. Unverified: written
// from the platform's documentation, never run on a Mac. Preferences that a user set with `defaults write` lie elsewhere and never count.
import { join } from 'node:path';
import type { Managed } from './managed.ts';
import { readPropertyList } from './property-list.ts';
import { readTrusted } from './trust.ts';

export const systemProfileOnMacos = '/Library/Application Support/Drawbridge/profile.json';

const preferenceFile = 'dev.drawbridge.companion.plist';

/** The user's managed preferences over those of the device; both are files that only root can write. */
export async function managedOnMacos(
  uid: number,
  userName: string | undefined,
  directory = '/Library/Managed Preferences',
): Promise<Managed> {
  const ofDevice = join(directory, preferenceFile);
  const files =
    userName === undefined || /[/\0]|^\.*$/.test(userName) ? [ofDevice] : [ofDevice, join(directory, userName, preferenceFile)];
  let found: Extract<Managed, { kind: 'values' }> | undefined;
  for (const file of files) {
    const read = await readTrusted(file, 'system', uid);
    if (read.kind === 'ignored') return { kind: 'ignored', from: file, reason: read.reason };
    if (read.kind === 'absent') continue;
    const values = settingsIn(read.bytes);
    if (!values) return { kind: 'ignored', from: file, reason: 'it is not a binary property list of settings' };
    found = {
      kind: 'values',
      from: file,
      values: { ...found?.values, ...values },
      bytes: Buffer.concat([found?.bytes ?? Buffer.alloc(0), read.bytes]),
    };
  }
  return found ?? { kind: 'absent' };
}

/** Without what describes the payload itself. */
function settingsIn(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const list = readPropertyList(bytes);
    if (typeof list !== 'object' || list === null || Array.isArray(list)) return undefined;
    return Object.fromEntries(Object.entries(list).filter(([key]) => !key.startsWith('Payload')));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
