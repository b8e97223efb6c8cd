// Everything that is generated for IT: where it lies and what makes it. Rule: a file that is not in this table is not generated, and one that is has no other author.
import { renderFindings } from './doc/findings.ts';
import { renderSettings } from './doc/settings.ts';
import { renderProfileSchema } from './linux/schema.ts';
import { renderJamfSchema } from './macos/jamf-schema.ts';
import { renderMobileconfig } from './macos/mobileconfig.ts';
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
  { path: 'docs/settings.md', render: renderSettings },
  { path: 'docs/findings.md', render: renderFindings },
];
