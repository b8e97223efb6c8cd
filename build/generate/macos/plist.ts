// Values as an XML property list. Rule: what a property list can't hold (null, a fraction that is no number) is refused.
import { element } from '../xml.ts';
import type { Element } from '../xml.ts';

export const plistDoctype =
  '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">';

export function plistValue(value: unknown): Element {
  switch (typeof value) {
    case 'string':
      return element('string', {}, value);
    case 'boolean':
      return element(value ? 'true' : 'false');
    case 'number':
      if (!Number.isFinite(value)) break;
      return Number.isInteger(value) ? element('integer', {}, String(value)) : element('real', {}, String(value));
    case 'object':
      if (value === null) break;
      return Array.isArray(value) ? element('array', {}, value.map(plistValue)) : plistDict(Object.entries(value));
    default:
  }
  throw new Error(`a property list can't hold ${String(value)}`);
}

export function plistDict(entries: readonly (readonly [string, unknown])[]): Element {
  return element(
    'dict',
    {},
    entries.flatMap(([key, value]) => [element('key', {}, key), plistValue(value)]),
  );
}
