// electron-builder's whole configuration, as data: Linux, macOS and Windows. Checked against electron-builder's own schema by a test.
// Rule: only what `files` names gets into the app. A list of exceptions would let the next package of the repository slip in.
import { join } from 'node:path';
import type { Configuration } from 'electron-builder';
import { fuses, removeDefaultApp } from './fuse.ts';
import { linuxFiles } from './linux-files.ts';
import { completeMsi } from './msi.ts';

export const appId = 'dev.drawbridge.companion';
export const productName = 'Drawbridge';
const maintainer = 'Drawbridge maintainers <maintainers@drawbridge.dev>';
const synopsis = 'Your AI hosts and local MCP servers, through your gateway';

/** An Electron that is on this machine already, in place of the release that electron-builder downloads. */
export interface LocalElectron {
  readonly folder: string;
  readonly version: string;
}

export function configuration(of: {
  readonly root: string;
  /** The runtime that build/package/runtime.ts made. */
  readonly runtime: string;
  /** The folder that build/package/script.ts wrote. */
  readonly scripts: string;
  readonly output: string;
  readonly version: string;
  readonly electron?: LocalElectron;
  /** Goes into every artifact's name: what is for tests only says so. */
  readonly mark: string;
  readonly isInspectable: boolean;
}): Configuration {
  const { root, runtime, scripts, output, version, electron, mark, isInspectable } = of;
  const at = (path: string): string => join(root, 'build/package', path);
  const fpm = [
    `--before-remove=${join(scripts, 'prerm')}`,
    ...linuxFiles.map(({ from, to }) => `${at(join('linux', from))}=${to}`),
  ];
  return {
    appId,
    productName,
    copyright: 'Apache-2.0',
    artifactName: `\${productName}${mark}-\${version}-\${os}-\${arch}.\${ext}`,
    directories: { output, buildResources: at('.') },
    extraMetadata: { version },
    files: [
      'out/{main,preload,renderer}/**',
      'package.json',
      '!node_modules/**',
      // named by its files, because electron-builder's own search for packages takes what npm believes and not what this platform needs
      { from: join(runtime, 'node_modules'), to: 'node_modules' },
    ],
    asarUnpack: ['**/*.node'],
    extraResources: [
      { from: runtime, to: 'bridge' },
      { from: join(runtime, 'node_modules'), to: 'bridge/node_modules' },
      { from: join(root, 'LICENSE'), to: 'LICENSE' },
      // what IT imports into its MDM, and the scripts that it runs
      { from: join(root, 'build/profile'), to: 'mdm' },
    ],
    asar: true,
    npmRebuild: false,
    buildDependenciesFromSource: false,
    ...(electron ? { electronDist: electron.folder, electronVersion: electron.version } : {}),
    electronFuses: fuses(isInspectable),
    afterPack: removeDefaultApp,
    msiProjectCreated: completeMsi,
    protocols: [{ name: 'Drawbridge enrollment', schemes: ['drawbridge'], role: 'Viewer' }],
    publish: null,

    linux: {
      target: ['deb', 'rpm', 'AppImage'],
      executableName: 'drawbridge',
      category: 'Utility',
      synopsis,
      description: synopsis,
      maintainer,
      vendor: 'Drawbridge',
      icon: at('icon.png'),
      syncDesktopName: true,
      desktop: { entry: { MimeType: 'x-scheme-handler/drawbridge;', StartupWMClass: 'Drawbridge' } },
    },
    deb: { packageName: 'drawbridge', afterInstall: join(scripts, 'postinst'), afterRemove: join(scripts, 'postrm'), fpm },
    rpm: { packageName: 'drawbridge', afterInstall: join(scripts, 'postinst'), afterRemove: join(scripts, 'postrm'), fpm },

    mac: {
      // one architecture at a time: the Node beside the bridge is of the machine that builds
      target: ['pkg', 'dmg'],
      category: 'public.app-category.utilities',
      minimumSystemVersion: '13.0',
      hardenedRuntime: true,
      icon: at('icon.png'),
      // it lives in the menu bar
      extendInfo: { LSUIElement: true },
      extraResources: [{ from: at('macos-app/uninstall'), to: 'uninstall' }],
    },
    pkg: {
      installLocation: '/Applications',
      allowAnywhere: false,
      allowCurrentUserHome: false,
      allowRootDirectory: true,
      // or an older copy that lies elsewhere would be upgraded in its place, and every path in AI hosts' configs would be wrong
      isRelocatable: false,
      scripts: at('macos'),
    },
    dmg: { title: `\${productName} \${version}`, writeUpdateInfo: false },

    win: {
      target: ['msi', 'nsis'],
      icon: at('icon.png'),
      executableName: 'drawbridge',
    },
    msi: {
      perMachine: true,
      oneClick: true,
      runAfterFinish: false,
      createDesktopShortcut: false,
      // Windows tells by it that a newer package replaces an older one: never change it
      upgradeCode: '0c7f5f0e-7d0a-4b7e-9a38-5d2f8f3b1a61',
    },
    nsis: {
      perMachine: true,
      oneClick: true,
      allowElevation: true,
      runAfterFinish: false,
      createDesktopShortcut: false,
      deleteAppDataOnUninstall: false,
      guid: '4b0f3a7c-52d5-4e55-8b80-1b6c9f0e2d77',
      include: at('windows/installer.nsh'),
    },
  };
}
