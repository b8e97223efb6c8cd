// What macOS and Jamf Pro take: a property list whose values are read back as what they were, and a manifest that is a JSON Schema.
import { Ajv } from 'ajv';
import { parse } from 'plist';
import { describe, expect, test } from 'vitest';
import { parseValues } from '../../../contract/profile-values.ts';
import { renderJamfSchema } from '../../../build/generate/macos/jamf-schema.ts';
import { renderMobileconfig, uuidOf } from '../../../build/generate/macos/mobileconfig.ts';
import { proves } from '../../requirement.ts';
import { everyKind, realSource } from './fixture.ts';

const uuid = /^[0-9A-F]{8}-[0-9A-F]{4}-8[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$/;

interface Payload {
  readonly [key: string]: unknown;
}

function payloadOf(text: string): { readonly outer: Payload; readonly inner: Payload; readonly settings: Payload } {
  const outer = parse(text) as Payload;
  const [inner = {}, ...others] = outer['PayloadContent'] as readonly Payload[];
  expect(others).toEqual([]);
  const settings = Object.fromEntries(Object.entries(inner).filter(([key]) => !key.startsWith('Payload')));
  return { outer, inner, settings };
}

describe('the configuration profile', () => {
  test('holds the samples of the table, and the parser takes each of them', async () => {
    proves('generate.mobileconfig-round-trip', {
      file: 'build/generate/macos/plist.ts',
      find: "element('integer', {}, String(value))",
      replace: "element('integer', {}, String(value + 100000))",
    });
    const source = await realSource();
    const { settings } = payloadOf(renderMobileconfig(source));
    const samples = Object.fromEntries(
      source.settings.flatMap(({ name, sample }) => (sample === undefined ? [] : [[name, sample]])),
    );
    expect(settings).toEqual(samples);
    expect(Object.keys(settings).length).toBeGreaterThan(10);
    const read = parseValues(settings, {});
    expect(read.problems).toEqual([]);
    expect(read.values).toEqual(parseValues(samples, {}).values);
  });

  test('carries every kind of value, whatever stands in it', () => {
    const { settings } = payloadOf(renderMobileconfig(everyKind));
    expect(settings).toEqual({
      AString: 'x',
      AChoice: 'never',
      AnInteger: 3,
      ABoolean: false,
      AList: ['a', '<b>'],
      AnObject: { one: { n: 1.5, on: true } },
    });
  });

  test('is of the device and keeps its identity from one generation to the next', async () => {
    const { outer, inner } = payloadOf(renderMobileconfig(await realSource()));
    expect(outer).toMatchObject({ PayloadType: 'Configuration', PayloadScope: 'System', PayloadVersion: 1 });
    expect(inner).toMatchObject({ PayloadType: 'dev.drawbridge.companion', PayloadVersion: 1 });
    const uuids = [outer['PayloadUUID'], inner['PayloadUUID']];
    expect(uuids).toEqual([uuidOf('dev.drawbridge.companion.profile'), uuidOf('dev.drawbridge.companion.settings')]);
    for (const each of uuids) expect(each).toMatch(uuid);
  });
});

describe('the Jamf Pro manifest', () => {
  const compile = (text: string) => {
    const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });
    ajv.addVocabulary(['__preferencedomain', 'property_order', 'options']);
    const manifest = JSON.parse(text) as { readonly properties: Readonly<Record<string, { readonly property_order: number }>> };
    return { accepts: ajv.compile(manifest), manifest };
  };

  test('is a schema that accepts what its form would send, which the parser accepts too', async () => {
    proves('generate.jamf-valid', {
      file: 'build/generate/value/structured.ts',
      find: "jamf: (setting) => ({ type: 'string',",
      replace: "jamf: (setting) => ({ type: 'text',",
    });
    const source = await realSource();
    const { accepts, manifest } = compile(renderJamfSchema(source));
    expect(Object.keys(manifest.properties)).toEqual(source.settings.map(({ name }) => name));
    expect(Object.values(manifest.properties).map((each) => each.property_order)).toEqual(source.settings.map((_, at) => at + 1));
    for (const { name, kind, sample } of source.settings) {
      if (sample === undefined) continue;
      const sent = { [name]: kind === 'structured' ? JSON.stringify(sample) : sample };
      expect(accepts(sent), name).toBe(true);
      expect(parseValues(sent, {}).problems).toEqual([]);
      expect(accepts({ [name]: kind === 'structured' ? 7 : { not: 'this' } }), name).toBe(false);
    }
  });

  test('carries every kind of value', () => {
    const { accepts } = compile(renderJamfSchema(everyKind));
    expect(accepts({ AString: 'x', AChoice: 'with-reason', AnInteger: 3, ABoolean: true, AList: '["a"]', AUrl: null })).toBe(
      true,
    );
    for (const bad of [{ AChoice: 'sometimes' }, { AnInteger: 11 }, { ABoolean: 'yes' }, { AString: 'longer than twelve' }])
      expect(accepts(bad), JSON.stringify(bad)).toBe(false);
  });
});
