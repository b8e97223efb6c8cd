// Hosts and clients that hold nothing but the URLs which the bridge put into their configs: each signs in, with a person in a browser, and calls tools of two
// servers. What the user allowed by a server's name holds as it did before.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { proves } from '../requirement.ts';
import { claudeCode } from './claude-code.ts';
import { prepareGround, type SignInGround } from './sign-in-ground.ts';
import { type SigningHost, signingHosts } from './sign-in-host.ts';
import { type SignInVerdict, trySignIn } from './sign-in-trial.ts';
import { talk } from './talk.ts';

let ground: SignInGround;
beforeAll(async () => {
  ground = await prepareGround();
}, 120_000);
afterAll(() => ground.close());

const seen = async (host: SigningHost, skip: (reason: string) => void): Promise<SignInVerdict> => {
  const reason = host.missing();
  if (reason !== undefined) skip(reason);
  return trySignIn(host, ground);
};

describe.each(signingHosts.filter(({ isWindow }) => isWindow !== true).map((host) => [host.id, host] as const))(
  '%s',
  (_, host) => {
    test('signs in from the files that the bridge made, calls a tool of two servers, and asks nothing for the second', async ({
      skip,
    }) => {
      expect(await seen(host, skip)).toMatchObject({
        signedIn: true,
        called: 2,
        asked: [['password', 'consent'], []],
        secondSilent: true,
      });
    });
  },
);

test('the client of an SDK, that has only what the bridge wrote, is let in and asked once', async ({ skip }) => {
  proves('real-host.signs-in', {
    file: 'bridge/host/shape.ts',
    find: "return `${gatewayOrigin}/g/${gateway}/${server === undefined ? '' : `s/${server}/`}mcp`;",
    replace: "return `${gatewayOrigin}/g/${gateway}/s/${server ?? ''}-/mcp`;",
  });
  const host = signingHosts.find(({ id }) => id === 'sdk-v2');
  if (!host) throw new Error('there is no SDK v2 in the list');
  expect(await seen(host, skip)).toMatchObject({ called: 2, secondSilent: true });
});

test('what a user allowed by the name of a server holds in a host with URLs, and what they did not is not called', async ({
  skip,
}) => {
  const host = signingHosts.find(({ id }) => id === claudeCode.id);
  const reason = host?.missing();
  if (!host || reason !== undefined) return skip(reason ?? 'it is not in the list');
  await trySignIn(host, ground);
  const sum = { server: 'everything', tool: 'get-sum', arguments: { a: 2, b: 3 }, allowed: 'echo' };
  const unasked = await talk(claudeCode, ground.home, sum);
  expect(`${unasked.result}\n${unasked.output}`).toMatch(claudeCode.refusal);
  const echo = { server: 'everything', tool: 'echo', arguments: { message: 'still allowed' }, allowed: 'echo' };
  expect((await talk(claudeCode, ground.home, echo)).result).toContain('Echo: still allowed');
  const records = await ground.at.deployment.records(300);
  expect(records.filter((record) => record['tool'] === 'get-sum')).toEqual([]);
});
