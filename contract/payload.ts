// What a gateway keeps of what was asked and answered, where its policy says so: off (the default), redacted or full. The rule: a payload is sealed before it is
// written, and the record of its call names its hash, so that the chain stands for it and says nothing of it.
import { z } from 'zod';
import type { RecordId } from './id.ts';

/**
 * `redacted`: as the rules of the gateway let it go on, and what looks like a secret or personal data is masked besides, whatever the rules say. `full`: as it came
 * and as it went.
 */
export const Capture = z.enum(['off', 'redacted', 'full'], 'use off, redacted or full');
export type Capture = z.infer<typeof Capture>;
export type CaptureMode = Exclude<Capture, 'off'>;

/** What went towards the server, and what came back. */
export const payloadDirections = ['request', 'response'] as const;
export const PayloadDirection = z.enum(payloadDirections);
export type PayloadDirection = z.infer<typeof PayloadDirection>;

/** Of each of the messages of which a call has one: what is longer is cut. */
export const payloadBytes = 256 * 1024;
/** Of all that was said beside the answer, in each direction: what finds no room is counted. */
export const besideBytes = 64 * 1024;
export const besideMessages = 200;

/**
 * `asked`: by the host, in `redacted` as it went on. `sent`: in its place, where a rule changed it (`full`). `answer`: the host's, to a question of the server.
 * `told`: progress, log messages and the like. `question`: the server's to the host. `replied`: by the server, where a rule changed or blocked it (`full`). `answered`: to the host.
 */
const what = z.enum(['asked', 'sent', 'answer', 'told', 'question', 'replied', 'answered']);
export type PayloadPart = z.infer<typeof what>;

export const PayloadMessage = z.object({
  what,
  /** ms since 1970. */
  at: z.number().int(),
  /** Of the whole message in UTF-8, as it was before anything was masked. */
  bytes: z.number().int(),
  /** The message, JSON. Absent where `left` says why. */
  text: z.string().optional(),
  /** `text` is only its beginning. */
  isCut: z.boolean(),
  /** SHA-256 of the whole, in hex, of one that was cut. Absent in `redacted`: it would tell what was masked. */
  sha256: z.string().optional(),
  /** `blocked`: a rule blocked it. `unseen`: it was refused before an engine that has to see it was asked. */
  left: z.enum(['blocked', 'unseen']).optional(),
});
export type PayloadMessage = z.infer<typeof PayloadMessage>;

/** What lies under one seal. */
export const Payload = z.object({
  version: z.literal(1),
  /** Random, so that the hash in the record tells nobody what was said. */
  salt: z.string(),
  mode: z.enum(['redacted', 'full']),
  direction: PayloadDirection,
  /** In their order. */
  messages: z.array(PayloadMessage),
  /** Messages that found no room. */
  beyond: z.number().int(),
});
export type Payload = z.infer<typeof Payload>;

/** As it is stored: what is sealed is the text that the record's hash is of. */
export interface SealedPayload {
  readonly record: RecordId;
  readonly direction: PayloadDirection;
  /** The data key that it lies under. */
  readonly key: string;
  readonly sealed: string;
  /** Arrival of the request, ms since 1970. */
  readonly at: number;
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/**
 * What a record says of the payloads of its call: how, and the SHA-256 of each, in hex. `isLost`: they could not be kept, because the data key that they were sealed with was
 * gone by then.
 */
export const Captured = z.object({
  mode: z.enum(['redacted', 'full']),
  request: sha256,
  response: sha256.optional(),
  isLost: z.literal(true).optional(),
});
export type Captured = z.infer<typeof Captured>;
