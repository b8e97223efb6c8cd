// The tray icon and its menu in the operating system: applies what tray-view.ts says, and only what changed. It decides nothing.
import { Menu, type NativeImage, Tray, nativeImage } from 'electron';
import type { StandingKind } from '#contract/standing.ts';
import { drawIcon } from './icon.ts';
import type { TrayAction, TrayView } from './tray-view.ts';

export interface TrayIcon {
  apply(view: TrayView): void;
  /** Idempotent. */
  close(): void;
}

export function openTray(platform: NodeJS.Platform, onAction: (action: TrayAction) => void): TrayIcon {
  let tray: Tray | undefined;
  let applied = '';
  const close = () => {
    tray?.destroy();
    tray = undefined;
  };
  return {
    apply(view) {
      const text = JSON.stringify(view);
      if (text === applied) return;
      applied = text;
      if (!view.isShown) return close();
      const image = imageOf(view.icon, platform);
      if (!tray) {
        tray = new Tray(image);
        // Where a click does not open the menu (Windows; some Linux trays) it opens the window.
        tray.on('click', () => onAction('open'));
      }
      tray.setImage(image);
      tray.setToolTip(view.tooltip);
      tray.setContextMenu(
        Menu.buildFromTemplate(
          view.items.map((item) => {
            switch (item.kind) {
              case 'words':
                return { label: item.label, enabled: false };
              case 'line':
                return { type: 'separator' };
              case 'action':
                return { id: item.action, label: item.label, click: () => onAction(item.action) };
            }
          }),
        ),
      );
    },
    close,
  };
}

/** Windows trays are 16 px, menu bars of macOS 18, panels of Linux about 22; each also at twice the density. */
function imageOf(kind: StandingKind, platform: NodeJS.Platform): NativeImage {
  const isTemplate = platform === 'darwin';
  const sizePx = platform === 'win32' ? 16 : isTemplate ? 18 : 22;
  const image = nativeImage.createEmpty();
  for (const scaleFactor of [1, 2]) {
    const picture = drawIcon(kind, sizePx * scaleFactor, isTemplate);
    const { width, height, buffer } = { width: picture.sizePx, height: picture.sizePx, buffer: Buffer.from(picture.pixels) };
    const bitmap = nativeImage.createFromBitmap(buffer, { width, height, scaleFactor });
    image.addRepresentation({ scaleFactor, width, height, dataURL: bitmap.toDataURL({ scaleFactor }) });
  }
  if (isTemplate) image.setTemplateImage(true);
  return image;
}
