// The switches inside Electron's program, and what afterPack takes out. Rule: what ships runs this app and nothing else: no Node by a variable or a flag, no other app.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AfterPackContext, Configuration } from 'electron-builder';

/**
 * `isInspectable` leaves the one fuse on that Playwright needs, for a copy that tests drive.
 */
export function fuses(isInspectable: boolean): NonNullable<Configuration['electronFuses']> {
  return {
    runAsNode: false,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: isInspectable,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    enableCookieEncryption: true,
  };
}

/** Electron's own default app would run any folder that is named on the command line. */
export async function removeDefaultApp(
  context: Pick<AfterPackContext, 'appOutDir' | 'electronPlatformName' | 'packager'>,
): Promise<void> {
  const { appOutDir, electronPlatformName, packager } = context;
  const resources =
    electronPlatformName === 'darwin'
      ? join(appOutDir, `${packager.appInfo.productFilename}.app`, 'Contents/Resources')
      : join(appOutDir, 'resources');
  await rm(join(resources, 'default_app.asar'), { force: true });
}
