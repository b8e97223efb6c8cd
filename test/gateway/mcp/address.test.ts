// URLs of MCP endpoints and what they name, there and back.
import { expect, test } from 'vitest';
import { addressOf, addressOfResource } from '../../../gateway/mcp/address.ts';

const origin = 'https://mcp.example.org';

test.each([
  ['/g/eng/mcp', 'eng', undefined],
  ['/g/eng/s/memory/mcp', 'eng', 'memory'],
  ['/mcp', undefined, undefined],
  ['/mcp?gateway=eng', 'eng', undefined],
])('%s names gateway %s and server %s, also as a resource', (path, gateway, server) => {
  const address = { gateway, server, path };
  expect(addressOf(path)).toEqual(address);
  expect(addressOfResource(origin, `${origin}${path}`)).toEqual(address);
  expect(addressOfResource(origin, `HTTPS://MCP.example.org:443${path}`)).toEqual(address);
});

test('a slash at the end of a resource does not count', () => {
  expect(addressOfResource(origin, `${origin}/g/eng/mcp/`)).toMatchObject({ gateway: 'eng' });
});

test.each([
  'https://evil.example/g/eng/mcp',
  'http://mcp.example.org/g/eng/mcp',
  'https://mcp.example.org:8443/g/eng/mcp',
  'https://mcp.example.org.evil.example/g/eng/mcp',
  'https://u@mcp.example.org/g/eng/mcp',
  'https://mcp.example.org/g/eng/mcp#x',
  'https://mcp.example.org/g/Eng/mcp',
  'https://mcp.example.org/g/eng/mcp/x',
  'https://mcp.example.org/mcp?gateway=eng&gateway=ops',
  'https://mcp.example.org/mcp?gateway=',
  'https://mcp.example.org/',
  '/g/eng/mcp',
  'nonsense',
])('%s is no resource of this site', (resource) => {
  expect(addressOfResource(origin, resource)).toBeUndefined();
});
