// What is promised of previews: what a person would see at a gateway.
import type { Requirement } from '../requirement.ts';

export const preview: readonly Requirement[] = [
  {
    id: 'preview.same',
    promise: 'A preview shows what the person sees, as they see it.',
    source: 'docs/admin-api.md, Preview',
  },
  {
    id: 'preview.no-call',
    promise: "A preview is no call of that person's, and leaves nothing open.",
    source: 'docs/admin-api.md, Preview',
  },
  {
    id: 'preview.own-identity',
    promise: "Nobody's own identity is used for a preview unless that was asked for.",
    source: 'docs/admin-api.md, Preview',
  },
  {
    id: 'preview.on-record',
    promise: 'That somebody previewed is on record before a server is asked.',
    source: 'docs/admin-api.md, Preview',
  },
];
