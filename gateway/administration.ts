// What administrators and directories ask of this gateway server over HTTP, put together. The rule: no call needs it, so its program is loaded late.
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { AdminDeps } from './admin/context.ts';
import { remoteOf } from './admin-remote.ts';
import type { Recorder } from './audit/record.ts';
import { adminDocuments } from './http/admin/document.ts';
import { type AdminRoute, createAdminRoute } from './http/admin/route.ts';
import { createScimRoute, type ScimRoute } from './http/scim/route.ts';
import type { SignInParts } from './identity/open.ts';
import { createPreview, type PreviewDeps } from './pipeline/preview.ts';

export interface Administration {
  readonly admin: AdminRoute;
  readonly scim: ScimRoute;
}

export function openAdministration(
  of: Omit<AdminDeps, 'remote' | 'preview'> & {
    readonly recorder: Pick<Recorder, 'append'>;
    readonly publicOrigin: string;
    readonly logger: Logger;
    readonly addressOf: (request: IncomingMessage) => string;
    readonly onChanged: () => void;
    readonly signIn: SignInParts;
    readonly previewed: PreviewDeps;
  },
): Administration {
  const { signIn, previewed, publicOrigin, ...deps } = of;
  return {
    admin: createAdminRoute({
      ...deps,
      remote: remoteOf(signIn),
      preview: createPreview(previewed),
      documents: adminDocuments(publicOrigin),
    }),
    scim: createScimRoute({ ...deps, publicOrigin }),
  };
}
