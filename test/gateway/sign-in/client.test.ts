// What is believed of what a client says of itself.
import { expect, test } from 'vitest';
import { type ClientClaim, clientMetadata, hostOf } from '../../../gateway/sign-in/client.ts';

const claim = (of: Partial<ClientClaim>): ClientClaim => ({ redirect_uris: ['http://127.0.0.1/callback'], ...of });

test.each([
  ['Claude Code (github)', 'claude-code'],
  ['claude-code', 'claude-code'],
  ['OpenCode', 'opencode'],
  ['Codex', 'codex'],
  ['Codexter', 'codexter'],
  ['Visual Studio Code', 'vscode'],
  ['My  Ünusual Agent!', 'my-u-nusual-agent'],
  ['日本', 'unnamed'],
  ['x'.repeat(80), 'x'.repeat(40)],
])('a client that calls itself %s is the host %s', (title, host) => {
  expect(hostOf(title)).toBe(host);
});

test('a name is one line of visible text', () => {
  expect(clientMetadata('a', claim({ client_name: ' Good\u202E\n\tApp ' })).client_name).toBe('Good App');
  expect(clientMetadata('a', claim({ client_name: '\u200B' })).client_name).toBe('An unnamed app');
  expect(clientMetadata('a', claim({})).client_name).toBe('An unnamed app');
});

test('what it leaves out follows from where it is sent back to', () => {
  expect(clientMetadata('a', claim({})).application_type).toBe('native');
  expect(clientMetadata('a', claim({ redirect_uris: ['https://x.example/cb'] })).application_type).toBe('web');
  expect(clientMetadata('a', claim({ redirect_uris: ['https://x.example/cb', 'cursor://x/cb'] })).application_type).toBe(
    'native',
  );
  expect(() => clientMetadata('a', claim({ application_type: 'web' }))).toThrow('application_type web allows https');
});

test('a secret that it wants is not given, and a grant that is not served is not promised', () => {
  const metadata = clientMetadata(
    'a',
    claim({ token_endpoint_auth_method: 'client_secret_post', grant_types: ['authorization_code', 'password'] }),
  );
  expect(metadata).toMatchObject({
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code'],
    response_types: ['code'],
  });
});
