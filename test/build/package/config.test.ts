// electron-builder's configuration, held against electron-builder's own schema: a key that it doesn't know would be ignored on the platform that needs it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse as parsePlist } from 'plist';
import { describe, expect, test } from 'vitest';
import { systemProfileOnWindows } from '../../../bridge/profile/windows.ts';
import { appId, configuration, productName } from '../../../build/package/config.ts';
import { withAutostart } from '../../../build/package/msi.ts';
import { proves } from '../../requirement.ts';

const root = join(import.meta.dirname, '../../..');
const schema: object = JSON.parse(readFileSync(join(root, 'node_modules/app-builder-lib/scheme.json'), 'utf8'));

function objectionsTo(config: unknown): string[] {
  const ajv = new Ajv({ strict: false, allErrors: true });
  // the schema's generator wrote "typeof: function" for hooks and for open records alike
  ajv.addKeyword({ keyword: 'typeof', validate: (_: string, value: unknown) => ['function', 'object'].includes(typeof value) });
  const validate = ajv.compile(schema);
  validate(config);
  return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
}

const config = configuration({
  root,
  runtime: join(root, 'out/bridge'),
  scripts: join(root, 'out/package-scripts'),
  output: join(root, 'out/package'),
  version: '1.2.3',
  mark: '',
  isInspectable: false,
});

describe("electron-builder's configuration", () => {
  test('is what its schema asks for, on each platform', () => {
    proves('package.config-valid', {
      file: 'build/package/config.ts',
      find: 'upgradeCode:',
      replace: 'upgradeGuid:',
    });
    expect(objectionsTo(config)).toEqual([]);
    // the schema is one that refuses
    expect(objectionsTo({ ...config, msi: { ...config.msi, perMashine: true } })).not.toEqual([]);
  });

  test('leaves no way to run anything else in it', () => {
    proves('package.fuses-closed', {
      file: 'build/package/fuse.ts',
      find: 'runAsNode: false,',
      replace: 'runAsNode: true,',
    });
    expect(config.electronFuses).toEqual({
      runAsNode: false,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableEmbeddedAsarIntegrityValidation: true,
      onlyLoadAppFromAsar: true,
      enableCookieEncryption: true,
    });
  });

  test('names only files that are there', () => {
    const named = (value: unknown): string[] =>
      typeof value === 'string'
        ? value.split('=').filter((part) => part.startsWith(join(root, 'build/')))
        : typeof value === 'object' && value !== null
          ? Object.values(value).flatMap(named)
          : [];
    const files = named(config);
    expect(files.length).toBeGreaterThan(8);
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  });

  test('starts the companion at login from the MSI, whose project electron-builder makes', async () => {
    const template = readFileSync(join(root, 'node_modules/app-builder-lib/templates/msi/template.xml'), 'utf8');
    const project = withAutostart(template);
    expect(project.split('DrawbridgeAutostart')).toHaveLength(3);
    expect(() => withAutostart(project.replaceAll('</Product>', ''))).toThrow('does not hold </Product> once');
  });

  test('has a launch agent that a property list parser reads', () => {
    const text = readFileSync(join(root, 'build/package/macos/dev.drawbridge.companion.plist'), 'utf8');
    expect(parsePlist(text)).toMatchObject({
      Label: appId,
      ProgramArguments: ['/Applications/Drawbridge.app/Contents/MacOS/Drawbridge', '--hidden'],
      RunAtLoad: true,
    });
  });

  test('installs for the whole machine, at one place', () => {
    expect(config.msi).toMatchObject({ perMachine: true });
    expect(config.nsis).toMatchObject({ perMachine: true });
    expect(config.pkg).toMatchObject({ installLocation: '/Applications', isRelocatable: false, allowCurrentUserHome: false });
  });

  test("leaves IT's profile on Windows outside of what an upgrade empties", () => {
    proves('package.profile-outlives-upgrade', {
      file: 'bridge/profile/windows.ts',
      find: 'Common Files\\\\Drawbridge',
      replace: 'Drawbridge',
    });
    const uninstaller = readFileSync(join(root, 'node_modules/app-builder-lib/templates/nsis/uninstaller.nsh'), 'utf8');
    expect(uninstaller).toContain('RMDir /r $INSTDIR');
    expect(systemProfileOnWindows).toMatch(/^C:\\Program Files\\/);
    expect(systemProfileOnWindows.startsWith(`C:\\Program Files\\${productName}\\`)).toBe(false);
  });

  test('puts what is for tests only under a name that says so', () => {
    const marked = configuration({
      root,
      runtime: '/r',
      scripts: '/s',
      output: '/o',
      version: '1.2.3',
      mark: '-for-tests-only',
      isInspectable: true,
      electron: { folder: '/e', version: '25.1.1' },
    });
    expect(marked.artifactName).toContain('-for-tests-only');
    expect(marked).toMatchObject({ electronDist: '/e', electronVersion: '25.1.1' });
    expect(config).not.toHaveProperty('electronDist');
  });
});
