// Which forms ask for a secret, as tables.
import { describe, expect, test } from 'vitest';
import { secretField } from '../../../gateway/mcp/secret-field.ts';

const form = (properties: object) => ({ type: 'object', properties });

describe('a form', () => {
  test.each([
    { password: { type: 'string' } },
    { userPassword: { type: 'string' } },
    { API_KEY: { type: 'string' } },
    { apikey: {} },
    { 'access-token': { type: 'string' } },
    { githubToken: { type: 'string' } },
    { value: { type: 'string', title: 'Your secret' } },
    { value: { type: 'string', description: 'The API key of your account' } },
    { value: { type: 'string', format: 'password' } },
    { pin: { type: 'integer' } },
    { cvv: { type: 'number' } },
    { passphrase: { type: 'string' } },
    { ｐａｓｓｗｏｒｄ: { type: 'string' } },
    { 'pass\u200bword': 1 },
  ])('that asks for %j asks for a secret', (properties) => {
    expect(secretField(form({ name: { type: 'string' }, ...properties }))).toBe(Object.keys(properties)[0]);
  });

  test.each([
    { name: { type: 'string', title: 'Your name' } },
    { storePassword: { type: 'boolean' } },
    { kind: { type: 'string', enum: ['token', 'password'] } },
    { number: { type: 'integer', description: 'Your favorite number (do not give us a pin number)' } },
    { tokenizer: { type: 'string' } },
    { opinion: { type: 'string' } },
    { secretary: { type: 'string' } },
    { shipping: { type: 'string', title: 'Shipping address' } },
  ])('that asks for %j does not', (properties) => {
    expect(secretField(form(properties))).toBeUndefined();
  });

  test('that can not be read is not shown', () => {
    for (const schema of [undefined, null, [], 'x', {}, { properties: [] }]) expect(secretField(schema)).toBe('the whole form');
  });
});
