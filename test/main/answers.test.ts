// What main answers: which addresses are handed to a browser (https only, whatever the profile says), and when the token of a link is gone.
import { expect, test } from 'vitest';
import type { AgentCommand } from '#contract/agent.ts';
import type { Answer } from '#contract/ipc.ts';
import { Secret } from '#contract/secret.ts';
import { answers, isHttps } from '../../main/answers.ts';
import { proves } from '../requirement.ts';

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

test('the token of a link may be tried again until it is spent, and is gone then', async () => {
  proves('companion.link-until-spent', {
    file: 'main/answers.ts',
    find: 'if (answer.ok) deps.forgetLink(link);',
    replace: 'deps.forgetLink(link);',
  });
  const asked: AgentCommand[] = [];
  const said: Answer<unknown>[] = [
    { ok: false, code: 'GATEWAY_UNREACHABLE', message: 'away' },
    { ok: true, value: { workstation: 'w' } },
  ];
  let link: Secret<string> | undefined = new Secret('abc');
  const never = () => {
    throw new Error('not asked for here');
  };
  const works = answers({
    current: never,
    takePlace: never,
    copy: never,
    save: never,
    openAddress: never,
    startAtLogin: never,
    chooseStartAtLogin: never,
    quit: never,
    about: {},
    ask: async (command) => {
      asked.push(command);
      return said.shift() ?? never();
    },
    link: () => link,
    forgetLink: (token) => {
      if (token === link) link = undefined;
    },
  });
  const enroll = async () => await works['device:enroll']({ by: 'link' });
  expect(await enroll()).toMatchObject({ code: 'GATEWAY_UNREACHABLE' });
  expect(await enroll()).toMatchObject({ ok: true });
  expect(asked).toEqual([
    { name: 'enroll', token: 'abc' },
    { name: 'enroll', token: 'abc' },
  ]);
  await expect(enroll()).rejects.toMatchObject({ code: 'LINK_GONE' });
});
