// The tray icon as pixels: each picture can be told from each other by its shape alone, and a template has no color.
import { expect, test } from 'vitest';
import { standingKinds } from '#contract/standing.ts';
import { drawIcon } from '../../main/icon.ts';
import { proves } from '../requirement.ts';

/** Where the mark is, and where the body is: what is left when colors are not seen. */
const silhouette = (kind: (typeof standingKinds)[number], sizePx: number) => {
  const { pixels } = drawIcon(kind, sizePx, true);
  return Array.from({ length: sizePx * sizePx }, (_, index) => ((pixels[index * 4 + 3] ?? 0) > 127 ? '#' : '.')).join('');
};

test.each([16, 22])('at %i pixels every standing has a shape of its own, but for the two that mean the same', (sizePx) => {
  proves('companion.icon-by-shape', {
    file: 'main/icon.ts',
    find: "return { shape: 'octagon', mark: 'cross', color: red };",
    replace: "return { shape: 'disk', mark: 'check', color: red };",
  });
  const shapes = new Map<string, string[]>();
  for (const kind of standingKinds) {
    const shape = silhouette(kind, sizePx);
    shapes.set(shape, [...(shapes.get(shape) ?? []), kind]);
  }
  expect([...shapes.values()].filter((kinds) => kinds.length > 1)).toEqual([['starting', 'connecting']]);
});

test('a template is black and transparent, and its mark is cut out', () => {
  const { pixels } = drawIcon('connected', 18, true);
  for (let at = 0; at < pixels.length; at += 4) expect([...pixels.subarray(at, at + 3)]).toEqual([0, 0, 0]);
});

test('colors are premultiplied: none is brighter than its alpha', () => {
  for (const kind of standingKinds) {
    const { pixels } = drawIcon(kind, 22, false);
    for (let at = 0; at < pixels.length; at += 4)
      expect(Math.max(...pixels.subarray(at, at + 3))).toBeLessThanOrEqual((pixels[at + 3] ?? 0) + 1);
  }
});
