// Enrollment links: any web page may open one, so what isn't exactly such a link holds no token.
import { expect, test } from 'vitest';
import { readEnrollLink } from '#contract/enroll-link.ts';
import { reveal } from '#contract/secret.ts';
import { proves } from '../requirement.ts';

const token = `dbe_${'aB3-_'.repeat(8)}xyz`;

test('an enrollment link holds its token, and nobody prints it by accident', () => {
  for (const link of [`drawbridge://enroll?token=${token}`, `drawbridge://enroll/?token=${token}`]) {
    const read = readEnrollLink(link);
    expect(read && reveal(read)).toBe(token);
    expect(`${String(read)} ${JSON.stringify({ read })}`).not.toContain(token);
  }
});

test('a link that says more than a token, or something else, is none', () => {
  proves('agent.link-token-only', {
    file: 'contract/enroll-link.ts',
    find: 'token=([A-Za-z0-9._~-]{1,200})$/.exec(text)',
    replace: 'token=([A-Za-z0-9._~-]{1,200})/.exec(text)',
  });
  for (const link of [
    '',
    token,
    'drawbridge://enroll',
    'drawbridge://enroll?token=',
    `drawbridge://enroll?token=${token}&gateway=https://evil.example.org`,
    `drawbridge://enroll?gateway=https://evil.example.org&token=${token}`,
    `drawbridge://enroll?token=${token}#x`,
    `drawbridge://enroll?token=${token}\n`,
    ` drawbridge://enroll?token=${token}`,
    `drawbridge://enroll?token=${token}%41`,
    `drawbridge://enroll?token=${'a'.repeat(201)}`,
    `drawbridge://evil.example.org/enroll?token=${token}`,
    `drawbridge://user@enroll?token=${token}`,
    `drawbridge://enroll:80?token=${token}`,
    `drawbridge://enroll/x?token=${token}`,
    `Drawbridge://enroll?token=${token}`,
    `https://enroll?token=${token}`,
    `drawbridge:enroll?token=${token}`,
  ])
    expect(readEnrollLink(link), link).toBeUndefined();
});
