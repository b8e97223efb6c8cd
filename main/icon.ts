// The tray icon, drawn by code: one shape and one mark per standing, so that color is never the only difference.
// Pure: a standing and a size give the pixels. macOS gets a template (black and transparent), which the menu bar colors itself.
import { assertNever } from '#contract/assert.ts';
import type { StandingKind } from '#contract/standing.ts';

export interface Picture {
  readonly sizePx: number;
  /** BGRA, alpha premultiplied, rows from the top: what Electron's createFromBitmap takes. */
  readonly pixels: Uint8Array;
}

type Shape = 'disk' | 'ring' | 'square' | 'triangle' | 'diamond' | 'octagon';
type Mark = 'check' | 'dots' | 'slash' | 'plus' | 'bars' | 'exclamation' | 'cross' | 'none';
type Color = readonly [red: number, green: number, blue: number];
interface Drawing {
  readonly shape: Shape;
  readonly mark: Mark;
  readonly color: Color;
}

const green: Color = [26, 127, 55];
const blue: Color = [9, 105, 218];
const gray: Color = [110, 119, 129];
const amber: Color = [154, 103, 0];
const orange: Color = [188, 76, 0];
const purple: Color = [130, 80, 223];
const red: Color = [207, 34, 46];

export function drawingOf(kind: StandingKind): Drawing {
  switch (kind) {
    case 'connected':
      return { shape: 'disk', mark: 'check', color: green };
    case 'starting':
    case 'connecting':
      return { shape: 'disk', mark: 'dots', color: blue };
    case 'offline':
      return { shape: 'disk', mark: 'slash', color: gray };
    case 'unenrolled':
      return { shape: 'square', mark: 'plus', color: blue };
    case 'paused':
      return { shape: 'disk', mark: 'bars', color: amber };
    case 'noncompliant':
      return { shape: 'triangle', mark: 'exclamation', color: orange };
    case 'misconfigured':
      return { shape: 'diamond', mark: 'exclamation', color: purple };
    case 'refused':
      return { shape: 'octagon', mark: 'slash', color: red };
    case 'revoked':
      return { shape: 'octagon', mark: 'cross', color: red };
    case 'absent':
      return { shape: 'ring', mark: 'none', color: gray };
    default:
      return assertNever(kind);
  }
}

/** `isTemplate`: black, and the mark is cut out. */
export function drawIcon(kind: StandingKind, sizePx: number, isTemplate: boolean): Picture {
  const { shape, mark, color } = drawingOf(kind);
  const pixels = new Uint8Array(sizePx * sizePx * 4);
  for (let row = 0; row < sizePx; row++)
    for (let column = 0; column < sizePx; column++) {
      let body = 0;
      let marked = 0;
      for (let sample = 0; sample < samples * samples; sample++) {
        const x = ((column + ((sample % samples) + 0.5) / samples) / sizePx) * 2 - 1;
        const y = ((row + (Math.floor(sample / samples) + 0.5) / samples) / sizePx) * 2 - 1;
        if (!isInShape(shape, x, y)) continue;
        if (isInMark(mark, x, shape === 'triangle' ? y - 0.22 : y)) marked++;
        else body++;
      }
      const [r, g, b] = isTemplate ? [0, 0, 0] : color;
      const white = isTemplate ? 0 : marked;
      const share = (value: number) => Math.round((value * body + 255 * white) / (samples * samples));
      pixels.set(
        [share(b), share(g), share(r), Math.round((255 * (body + white)) / (samples * samples))],
        (row * sizePx + column) * 4,
      );
    }
  return { sizePx, pixels };
}

/** Samples per pixel and axis: smooth edges. */
const samples = 4;

/** Coordinates run from -1 to 1, y downwards. */
function isInShape(shape: Shape, x: number, y: number): boolean {
  const far = Math.hypot(x, y);
  switch (shape) {
    case 'disk':
      return far < 0.94;
    case 'ring':
      return far < 0.94 && far > 0.62;
    case 'square':
      return Math.hypot(Math.max(Math.abs(x) - 0.64, 0), Math.max(Math.abs(y) - 0.64, 0)) < 0.24;
    case 'triangle':
      return y < 0.84 && y > -0.92 && Math.abs(x) < (y + 1.02) * 0.54;
    case 'diamond':
      return Math.abs(x) + Math.abs(y) < 0.98;
    case 'octagon':
      return Math.max(Math.abs(x), Math.abs(y)) < 0.9 && Math.abs(x) + Math.abs(y) < 1.27;
    default:
      return assertNever(shape);
  }
}

function isInMark(mark: Mark, x: number, y: number): boolean {
  const isNear = (x1: number, y1: number, x2: number, y2: number, reach = 0.13) => distance(x, y, x1, y1, x2, y2) < reach;
  switch (mark) {
    case 'check':
      return isNear(-0.46, 0.02, -0.14, 0.36) || isNear(-0.14, 0.36, 0.46, -0.34);
    case 'dots':
      return [-0.48, 0, 0.48].some((at) => Math.hypot(x - at, y) < 0.16);
    case 'slash':
      return isNear(-0.46, 0.46, 0.46, -0.46);
    case 'plus':
      return isNear(-0.46, 0, 0.46, 0) || isNear(0, -0.46, 0, 0.46);
    case 'bars':
      return isNear(-0.24, -0.36, -0.24, 0.36) || isNear(0.24, -0.36, 0.24, 0.36);
    case 'exclamation':
      return isNear(0, -0.42, 0, 0.08, 0.12) || Math.hypot(x, y - 0.42) < 0.14;
    case 'cross':
      return isNear(-0.38, -0.38, 0.38, 0.38) || isNear(-0.38, 0.38, 0.38, -0.38);
    case 'none':
      return false;
    default:
      return assertNever(mark);
  }
}

/** From a point to a line between two points. */
function distance(x: number, y: number, x1: number, y1: number, x2: number, y2: number): number {
  const along = Math.min(1, Math.max(0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / ((x2 - x1) ** 2 + (y2 - y1) ** 2)));
  return Math.hypot(x - x1 - along * (x2 - x1), y - y1 - along * (y2 - y1));
}
