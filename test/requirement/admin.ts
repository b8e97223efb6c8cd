// What is promised of administration: who may do what, and that it is on record.
import type { Requirement } from '../requirement.ts';

const capabilities = 'docs/capabilities.md';
const api = 'docs/admin-api.md';

export const admin: readonly Requirement[] = [
  {
    id: 'admin.capability',
    promise: 'An operation of the admin API is done only for whoever has its capability; the refusal names it.',
    source: capabilities,
  },
  {
    id: 'admin.gateway-reach',
    promise: 'What is about a gateway needs that gateway by a team too, or the capability for all of them.',
    source: capabilities,
  },
  {
    id: 'admin.not-above',
    promise: 'Nobody gives or takes a capability that they do not have themselves.',
    source: capabilities,
  },
  {
    id: 'admin.group-role',
    promise: 'Nobody changes somebody to whom a group of the directory gives more than they have themselves.',
    source: api,
  },
  {
    id: 'admin.group-order',
    promise: 'Nobody makes another group of the directory count who does not have all that the groups behind it give.',
    source: api,
  },
  {
    id: 'admin.group-rank',
    promise: 'A policy in which nobody could say which group of the directory gives its role is refused.',
    source: 'docs/people.md',
  },
  {
    id: 'admin.being-somebody',
    promise: 'Nobody says by what somebody is known who reaches a gateway that they do not reach themselves.',
    source: api,
  },
  {
    id: 'admin.last-super-admin',
    promise: 'The last super admin is neither removed nor given another role, by whatever way.',
    source: capabilities,
  },
  {
    id: 'admin.all-mistakes',
    promise: 'A policy file with mistakes of different kinds is refused with all of them, each with its line and path.',
    source: 'docs/gateway-cli.md, apply',
  },
  {
    id: 'admin.role-reach',
    promise: 'A user calls at a gateway only where a team grants it and their role grants calling.',
    source: capabilities,
  },
  {
    id: 'admin.deed-with-change',
    promise: 'What an administrator changes and its deed are written in one transaction: neither is there without the other.',
    source: api,
  },
  {
    id: 'admin.every-deed',
    promise: 'Every operation of the admin API that changes something leaves a deed.',
    source: api,
  },
  {
    id: 'admin.deed-recorded',
    promise: 'A deed is on record, also where the gateway server was killed in between, and then under the one id.',
    source: api,
  },
  {
    id: 'admin.token-hashed',
    promise: 'A personal access token is stored as its hash, and what is kept to answer a repeated request opens only with it.',
    source: api,
  },
  {
    id: 'admin.token-ends',
    promise: 'A personal access token that was revoked, expired or lost its role is refused at its next request.',
    source: api,
  },
  {
    id: 'admin.token-scope',
    promise: 'A personal access token does no more than its own list of capabilities says, whatever the role grants.',
    source: api,
  },
  {
    id: 'admin.once',
    promise: 'A POST with an Idempotency-Key is done once within a day, and its key is good for no other request.',
    source: api,
  },
  {
    id: 'admin.once-failed',
    promise: 'A request with an Idempotency-Key that failed before it changed something is done when it is sent again, at once.',
    source: api,
  },
  {
    id: 'admin.once-done',
    promise: 'A request with an Idempotency-Key that failed after it changed something is never done twice.',
    source: api,
  },
  {
    id: 'admin.token-child',
    promise: 'A personal access token that was made with another one lives no longer than that, and is revoked with it.',
    source: api,
  },
  {
    id: 'admin.token-rotate',
    promise:
      'A personal access token that is given another secret is refused with the old one at once; of two at once one gets a secret.',
    source: api,
  },
  {
    id: 'admin.token-rotate-children',
    promise:
      'What was made with a personal access token is revoked when that one is given another secret, also what its old secret was about to make.',
    source: api,
  },
  {
    id: 'admin.token-restored',
    promise: 'What was revoked, or got another secret, since a backup stays so where that is restored into the database in use.',
    source: api,
  },
  {
    id: 'admin.take-back',
    promise: 'Nobody lets somebody in again who reaches a gateway that they do not reach themselves.',
    source: api,
  },
  {
    id: 'admin.rule-test',
    promise: 'A sample is tried by the admin API on the rules that are in force, and nothing is changed by it.',
    source: 'docs/rules.md',
  },
  {
    id: 'admin.names-told',
    promise: 'Who mistypes a name and may not list such things is not told which there are.',
    source: 'docs/admin-api.md',
  },
  {
    id: 'admin.names-of-policy',
    promise: 'A refused change of a part of the policy tells no names of it to whoever may not read it.',
    source: 'docs/admin-api.md',
  },
  {
    id: 'admin.directory-token',
    promise: 'Nobody lets a directory in whose groups give more than they have themselves.',
    source: api,
  },
  {
    id: 'admin.error-status',
    promise: 'An operation of the admin API that failed answers with the status of a failure.',
    source: api,
  },
  {
    id: 'admin.policy-aside',
    promise: 'A large policy that the admin API gets is read without holding up calls.',
    source: api,
  },
  {
    id: 'admin.apply-slices',
    promise: 'While a large policy is planned, judged and applied, everything else in the gateway server goes on.',
    source: api,
  },
  {
    id: 'admin.policy-aside-bounded',
    promise: 'A text of a policy that takes too long to read is refused, and holds nobody up meanwhile.',
    source: api,
  },
  {
    id: 'admin.urgent',
    promise: 'What switches off, revokes, blocks or offboards is done also while slow operations have taken all their places.',
    source: api,
  },
  {
    id: 'admin.nested',
    promise: 'JSON that is nested too deep is refused as the mistake of whoever sent it, by the admin API and by SCIM.',
    source: api,
  },
  {
    id: 'admin.if-match',
    promise: 'A change with If-Match is refused where what it changes is not any more as it was seen.',
    source: api,
  },
];
