// docs/capabilities.md: what each capability is for, which operations need it, what the built-in roles grant, and what the usual names of such products are here.
import { operationIds, operationOf } from '#contract/admin.ts';
import { builtInRoles, capabilities, capabilityOf, commonCapabilities } from '#contract/capability.ts';

export function renderCapabilities(): string {
  const roles = Object.entries(builtInRoles);
  const needing = Map.groupBy(operationIds, (id) => operationOf(id).capability);
  const marks = (name: (typeof capabilities)[number]) => roles.map(([, role]) => (role.capabilities.includes(name) ? 'yes' : ''));
  return [
    '<!-- Written by `npm run generate` from contract/capability.ts and contract/admin.ts. -->',
    '',
    '# Capabilities and roles',
    '',
    'A **role** grants capabilities, a **team** grants gateways. What is about one gateway needs both: the capability, and the gateway by a team of theirs, or `gateways.view-all`.',
    'A user has one role; without one it is `member`. Nobody gives or takes more than they have themselves, and the last super admin stays. Code asks for capabilities and never',
    'for a role, so a role may be called what you like.',
    '',
    `| capability | whoever has it may | ${roles.map(([slug]) => `\`${slug}\``).join(' | ')} |`,
    `| --- | --- | ${roles.map(() => '---').join(' | ')} |`,
    ...capabilities.map((name) => `| \`${name}\` | ${capabilityOf(name).may} | ${marks(name).join(' | ')} |`),
    '',
    '`super-admin` has every capability, also those of later releases. The three roles are always there; a policy may give them other titles and nothing else. Others are made in the policy:',
    '',
    '```yaml',
    'roles:',
    '  member: { title: Staff }',
    '  auditor: { title: Auditor, capabilities: [audit.read, audit.export, reports.view] }',
    'users:',
    '  ada: { email: ada@example.org, role: super-admin }',
    '  eve: { email: eve@example.org, role: auditor, teams: [eng] }',
    '```',
    '',
    'Whoever may use the command line of the gateway server on its machine may do everything there; what they do is on record with their name there.',
    '',
    '## The usual names',
    '',
    'What other gateways call it, and what it is here.',
    '',
    '| elsewhere | here |',
    '| --- | --- |',
    ...commonCapabilities.map((name) => `| ${name} | ${coveredBy(name)} |`),
    '',
    'Everybody looks after their own identities at remote servers; that needs no capability.',
    '',
    '## Operations',
    '',
    'Of the admin API: [openapi.json](openapi.json). `any`: whoever has a valid personal access token.',
    '',
    '| capability | operations |',
    '| --- | --- |',
    ...[...needing]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, ids]) => `| \`${name}\` | ${ids.map((id) => `\`${id}\``).join(', ')} |`),
    '',
  ].join('\n');
}

function coveredBy(name: (typeof commonCapabilities)[number]): string {
  const covering = capabilities.filter((one) => capabilityOf(one).covers.includes(name));
  return covering.map((one) => `\`${one}\``).join(', ');
}
