// Where a person may be sent back to: the addresses of real hosts pass, what a browser could misread does not.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { kindOfRedirect, withoutPort } from '../../../gateway/sign-in/redirect.ts';

test.each([
  ['http://localhost:8123/callback', 'loopback'],
  ['http://127.0.0.1:33418/', 'loopback'],
  ['http://[::1]:4000/oauth_callback', 'loopback'],
  ['https://vscode.dev/redirect', 'web'],
  ['https://claude.ai/api/mcp/auth_callback', 'web'],
  ['https://connectors.api.openai.com/connector/oauth_callback/ios_relay', 'web'],
  ['cursor://anysphere.cursor-mcp/oauth/user-eng/callback', 'app'],
  ['com.example.app:/oauth', 'app'],
])('%s is a place of kind %s', (uri, kind) => {
  expect(kindOfRedirect(uri)).toBe(kind);
});

test.each([
  'http://example.org/callback',
  'http://127.0.0.1.example.org/callback',
  'http://127.1/callback x',
  'https://localhost/callback',
  'https://u:p@example.org/callback',
  'https://@example.org/callback',
  'https://example.org/callback#x',
  'https://example.org/call\\back',
  'https://example.org/*',
  'https://exämple.org/callback',
  'javascript:alert(1)//http://127.0.0.1/',
  'JavaScript:alert(1)',
  'data:text/html,x',
  'file:///etc/passwd',
  'view-source:https://example.org',
  'callback',
  '',
  `https://example.org/${'x'.repeat(3000)}`,
])('nobody is sent to %s', (uri) => {
  expect(kindOfRedirect(uri)).toHaveProperty('refused');
});

test('of loopback the port does not count, of anything else all does', () => {
  const port = fc.integer({ min: 1, max: 65_535 });
  const host = fc.constantFrom('127.0.0.1', 'localhost', '[::1]');
  const path = fc.constantFrom('', '/', '/callback', '/a/b?c=d:8');
  fc.assert(
    fc.property(host, port, port, path, (name, one, other, rest) => {
      const at = (of: number) => withoutPort(`http://${name}:${of}${rest}`);
      expect(at(one)).toBe(at(other));
      expect(at(one)).toBe(`http://${name}${rest}`);
    }),
  );
  fc.assert(
    fc.property(port, path, (of, rest) => {
      for (const uri of [`https://example.org:${of}${rest}`, `app://example:${of}${rest}`]) expect(withoutPort(uri)).toBe(uri);
    }),
  );
});
