// Which addresses are handed to a browser: https only, whatever the profile says.
import { expect, test } from 'vitest';
import { isHttps } from '../../main/answers.ts';

test.each([
  'http://example.org',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'https:',
  'https:///x',
  ' https://example.org',
  'ms-settings:x',
])('%s is not opened', (url) => expect(isHttps(url)).toBe(false));

test('an https address is', () => expect(isHttps('https://help.example.org/ai?q=1')).toBe(true));
