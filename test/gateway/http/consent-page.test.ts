// What a person is told before they let a host in.
import { expect, test } from 'vitest';
import { newId, Slug, UserId } from '#contract/id.ts';
import { PolicyFile } from '#contract/policy.ts';
import { recentCallOf } from '#contract/recent-call.ts';
import { questionBody } from '../../../gateway/http/sign-in/consent-page.ts';
import { personBySlug } from '../../../gateway/sign-in/person.ts';
import { proves } from '../../requirement.ts';
import { callRecord } from '../../suite/sample.ts';

async function told(capture?: string, retention?: object): Promise<string> {
  const policy = PolicyFile.parse({
    version: 1,
    users: { ada: { email: 'ada@example.org', teams: ['all'] } },
    teams: { all: { gateways: ['eng'] } },
    gateways: { eng: { capture } },
    retention,
  });
  const ids = { users: { ada: UserId.parse(newId()) }, teams: {}, servers: {}, gateways: {}, assignments: {} };
  const person = await personBySlug({ policy: () => Promise.resolve({ policy, ids }) }, Slug.parse('ada'));
  if (!person) throw new Error('nobody');
  const page = questionBody({
    client: {
      client_id: 'c',
      client_name: 'Codex',
      redirect_uris: [],
      application_type: 'native',
      grant_types: [],
      response_types: [],
      token_endpoint_auth_method: 'none',
    },
    provenance: { kind: 'unknown' },
    person,
    choices: person.gateways,
    redirect: undefined,
    isStepUp: false,
    answerTo: '/',
    proof: 'p',
  });
  return String(page.text).replaceAll(/\s+/g, ' ');
}

test('where what is asked and answered is kept, the page says so, and for how long', async () => {
  proves('capture.people-are-told', {
    file: 'gateway/sign-in/person.ts',
    find: "const kept = capture === 'off' ? undefined :",
    replace: "const kept = capture !== 'off' ? undefined :",
  });
  expect(await told()).toContain('Each call is recorded, without what is asked and answered.');
  expect(await told('full')).toContain('All that is asked and answered is kept, in full, for 30 days.');
  expect(await told('redacted', { payloads: '7d' })).toContain('What is asked and answered is kept for 7 days,');
  expect(await told('redacted', { payloads: '1d' })).toContain('What is asked and answered is kept for 1 day,');
});

test('a recent call says whether it was captured', () => {
  expect(recentCallOf(callRecord(null))).not.toHaveProperty('kept');
  expect(recentCallOf(callRecord(null, { captured: { mode: 'full', request: 'a'.repeat(64) } }))).toMatchObject({ kept: 'full' });
});
