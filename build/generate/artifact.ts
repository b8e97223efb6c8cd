// Everything that is generated for IT: where it lies and what makes it. Rule: a file that is not in this table is not generated, and one that is has no other author.
import { renderCapabilities } from './doc/capabilities.ts';
import { renderFindings } from './doc/findings.ts';
import { renderNotGoverned } from './doc/not-governed.ts';
import { renderSettings } from './doc/settings.ts';
import { renderOpenApi, renderPolicySchema } from './doc/openapi.ts';
import { renderProfileSchema } from './linux/schema.ts';
import { renderJamfSchema } from './macos/jamf-schema.ts';
import { renderMobileconfig } from './macos/mobileconfig.ts';
import { renderOsquery } from './puller/osquery.ts';
import { renderExitCode, renderIntuneLinux, renderIntuneWindows, renderJamf } from './puller/puller.ts';
import { renderRules } from './puller/rules.ts';
import type { Source } from './source.ts';
import { renderAdml } from './windows/adml.ts';
import { renderAdmx } from './windows/admx.ts';

export interface Artifact {
  /** From the repository's root. */
  readonly path: string;
  readonly render: (source: Source) => string;
}

/** The folder that holds nothing but generated files; docs/ holds others too. */
export const generatedFolder = 'build/profile';

export const artifacts: readonly Artifact[] = [
  { path: 'build/profile/windows/drawbridge.admx', render: renderAdmx },
  { path: 'build/profile/windows/en-US/drawbridge.adml', render: renderAdml },
  { path: 'build/profile/macos/drawbridge.mobileconfig', render: renderMobileconfig },
  { path: 'build/profile/macos/jamf-schema.json', render: renderJamfSchema },
  { path: 'build/profile/linux/profile.schema.json', render: renderProfileSchema },
  { path: 'build/profile/puller/jamf-extension-attribute.sh', render: renderJamf },
  { path: 'build/profile/puller/intune-discovery-linux.sh', render: renderIntuneLinux },
  { path: 'build/profile/puller/intune-discovery-windows.ps1', render: renderIntuneWindows },
  { path: 'build/profile/puller/intune-rules.json', render: renderRules },
  { path: 'build/profile/puller/exit-code-linux.sh', render: () => renderExitCode('linux') },
  { path: 'build/profile/puller/exit-code-macos.sh', render: () => renderExitCode('macos') },
  { path: 'build/profile/puller/osquery-linux.json', render: () => renderOsquery('linux') },
  { path: 'build/profile/puller/osquery-macos.json', render: () => renderOsquery('macos') },
  { path: 'build/profile/puller/osquery-windows.json', render: () => renderOsquery('windows') },
  { path: 'docs/settings.md', render: renderSettings },
  { path: 'docs/findings.md', render: renderFindings },
  { path: 'docs/not-governed.md', render: renderNotGoverned },
  { path: 'docs/capabilities.md', render: renderCapabilities },
  { path: 'docs/openapi.json', render: renderOpenApi },
  { path: 'docs/policy.schema.json', render: renderPolicySchema },
];
