// What a test sees of the companion: which standing its tray icon is a picture of, and a screenshot in both color schemes.
// Screenshots lie in the ignored out/; their paths are printed, because a person is to look at them.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { type StandingKind, standingKinds } from '#contract/standing.ts';
import { drawIcon } from '../../main/icon.ts';
import { until } from '../walk/deployment.ts';
import { root } from '../walk/program.ts';
import type { Companion, Seen } from './companion.ts';

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

/** Waits until window, tooltip, menu and icon all say so, and takes the picture. Resolves with what can be chosen in the menu. */
export async function expectStanding(
  companion: Companion,
  of: { readonly kind: StandingKind; readonly title: string; readonly words: RegExp; readonly picture?: string },
): Promise<readonly string[]> {
  const { kind, title, words, picture = kind } = of;
  const page = await companion.page();
  await page.getByRole('tab', { name: /^Status/ }).click();
  await page.getByRole('heading', { name: title, exact: true }).waitFor();
  await page.getByRole('status').filter({ hasText: words }).waitFor();
  const seen = await until(`the tray to say "${title}"`, async () => {
    const now = await companion.seen();
    return now.tooltip === `Drawbridge: ${title}` ? now : undefined;
  });
  expect(standingsOf(seen.icon)).toContain(kind);
  const said = seen.menu.filter(({ enabled }) => !enabled).map(({ label }) => label);
  expect(said.join(' ')).toMatch(words);
  await shoot(page, picture);
  return seen.menu.filter(({ enabled }) => enabled).map(({ label }) => label);
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
