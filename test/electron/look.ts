// What a test sees of the companion: which standing its tray icon is a picture of, and a screenshot in both color schemes.
// Screenshots lie in the ignored out/; their paths are printed, because a person is to look at them.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { type StandingKind, standingKinds } from '#contract/standing.ts';
import { drawIcon } from '../../main/icon.ts';
import { root } from '../walk/program.ts';
import type { Seen } from './companion.ts';

const folder = join(root, 'out/screenshots');

/** The standings whose picture the icon is: bitmaps go through a file format on the way, so small differences of rounding are allowed. */
export function standingsOf(icon: Seen['icon']): readonly StandingKind[] {
  if (!icon) return [];
  return standingKinds.filter((kind) => {
    const { pixels } = drawIcon(kind, icon.width, false);
    return (
      pixels.length === icon.pixels.length && pixels.every((value, index) => Math.abs(value - (icon.pixels[index] ?? 0)) <= 4)
    );
  });
}

/** Takes the window as it is, light and dark, and prints where. */
export async function shoot(page: Page, name: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const path = join(folder, `${name}-${colorScheme}.png`);
    await page.screenshot({ path });
    process.stdout.write(`screenshot: ${path}\n`);
  }
}
