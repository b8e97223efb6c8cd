// Where IT's profile lies on Windows: policies in HKLM\SOFTWARE\Policies\Drawbridge, then a file. Unverified: written from the platform's documentation,
// never run on Windows. The file is under Program Files and not ProgramData, because users can create files in ProgramData, and not in the program's own folder,
// which the NSIS installer empties at each upgrade; HKCU never counts.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Managed } from './managed.ts';
import { readExport } from './registry.ts';
import type { RegistryValue } from './registry.ts';

export const systemProfileOnWindows = 'C:\\Program Files\\Common Files\\Drawbridge\\profile.json';

const policyKey = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Drawbridge';
const exportWithinMs = 10_000;
const run = promisify(execFile);

/** `asSettings` turns the registry's types into those of settings. */
export async function managedOnWindows(
  asSettings: (values: ReadonlyMap<string, RegistryValue>) => Readonly<Record<string, unknown>>,
  registryProgram = 'C:\\Windows\\System32\\reg.exe',
): Promise<Managed> {
  const folder = await mkdtemp(join(tmpdir(), 'drawbridge-policy-'));
  const file = join(folder, 'policy.reg');
  try {
    await run(registryProgram, ['export', policyKey, file, '/y', '/reg:64'], { timeout: exportWithinMs, windowsHide: true });
    const bytes = await readFile(file);
    return { kind: 'values', from: policyKey, values: asSettings(readExport(bytes, policyKey)), bytes };
  } catch (error) {
    // exit code 1: there is no such key. Anything else did not answer the question.
    const isMissing = error instanceof Error && 'code' in error && error.code === 1;
    return isMissing ? { kind: 'absent' } : { kind: 'ignored', from: policyKey, reason: 'reg.exe did not answer' };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
