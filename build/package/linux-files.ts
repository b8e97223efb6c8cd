// What a Linux package puts outside /opt/Drawbridge. The one list for deb, rpm and electron-builder's own packager.

export interface LinuxFile {
  /** In build/package/linux. */
  readonly from: string;
  readonly to: string;
  readonly mode: number;
  /** IT may change it, and an upgrade keeps what IT wrote. */
  readonly isConfig: boolean;
}

/** Where the app lies, whatever its version. */
export const installDirectory = '/opt/Drawbridge';

export const linuxFiles: readonly LinuxFile[] = [
  { from: 'drawbridge.desktop', to: '/usr/share/applications/drawbridge.desktop', mode: 0o644, isConfig: false },
  { from: 'drawbridge.svg', to: '/usr/share/icons/hicolor/scalable/apps/drawbridge.svg', mode: 0o644, isConfig: false },
  { from: 'drawbridge.service', to: '/usr/lib/systemd/user/drawbridge.service', mode: 0o644, isConfig: false },
  { from: 'autostart.desktop', to: '/etc/xdg/autostart/drawbridge.desktop', mode: 0o644, isConfig: true },
];
