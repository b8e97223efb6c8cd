// The tunnel between a workstation and the gateway server: one WebSocket, opened by the bridge at <gateway origin>/tunnel.
//
//   bridge                                   gateway
//     | hello {versions, workstation, user}    |      first, once
//     |--------------------------------------->|
//     |        challenge {version, nonce, ...} |      the newest common version, 32 random bytes
//     |<---------------------------------------|
//     | proof {signature}                      |      ES256 over proofText(): version, nonce, origin, workstation, user
//     |--------------------------------------->|
//     |                         welcome {...}  |      or refuse {code, message}, then the socket is closed
//     |<---------------------------------------|
//     |  steady state, both ways:              |
//     |  offer ->              <- verdict      |      what could run here; what may
//     |  open / opened / data / dataEnd / credit / abort / close    per channel
//     |                         welcome {...}  |      again, whenever what it says has changed
//     |                          calls {...}   |      since version 2: the user's own calls, after their records were kept
//     |  report {...} ->          <- noted {}  |      since version 2: for the record there; told again until it is noted
//     |  pong ->                    <- ping    |      after 24 s in which the gateway heard nothing; dead after 45 s, on both sides
//     |  ping ->                    <- pong    |      after 25 s in which the bridge heard nothing: not even the gateway's ping
//     |  refuse {code}  <->                    |      says why before the socket is closed
//
// A WebSocket message carries one or more frames, so that a busy tick is one write. Each frame:
//   u32 length of what follows (big-endian) | u8 type | u32 channel | body
// Channel 0 is the tunnel itself. The gateway opens even channels (server), the bridge odd ones (host).
// A channel's number is higher than every number that its opener used before, so none is used twice on a tunnel.
// A channel carries nothing before `opened`. Every `close` is answered with a `close` (unless both sides sent one), and what arrives for a
// channel between sending a `close` and getting one is ignored; after that it is an error.
// A message (one JSON-RPC text, no newline) is cut into chunks of exactly 64 KiB (`data`) and a rest of 1 byte to 64 KiB (`dataEnd`).
// A chunk costs its length in credit, and never less than 256 bytes. The bodies of data frames are opaque to the tunnel;
// ping and pong have none; all other bodies are JSON.
import { z } from 'zod';
import { ErrorCode } from './error.ts';
import { Fingerprint, OrganizationId, Slug, UserId, WorkstationId } from './id.ts';
import { RecentCall, recentCallLimit } from './recent-call.ts';
import { Remnant } from './remnant.ts';
import { PostureSummary } from './posture-summary.ts';
import { Report, reportLimit } from './report.ts';
import { Offer, Verdict } from './server.ts';

/** This one and the one before: whichever side is newer serves the other. */
export const tunnelVersions = [1, 2] as const;
export const tunnelPath = '/tunnel';
export const tunnelSubprotocol = 'drawbridge.tunnel';
export const chunkBytes = 64 * 1024;
/** Bytes of data that a side may send on a channel before the other grants more by `credit`. */
export const initialCreditBytes = 1024 * 1024;
/** More credit than this is not believed. */
export const creditLimitBytes = 64 * 1024 * 1024;
export const smallestCostBytes = 256;
export const defaultMessageLimitBytes = 8 * 1024 * 1024;
/** No gateway may set more: a bridge that is told a greater limit keeps to this one. */
export const largestMessageLimitBytes = 64 * 1024 * 1024;
/** A JSON body may not be longer. */
export const jsonLimitBytes = 1024 * 1024;
/** A sender stops adding frames to a WebSocket message when it has grown to this. */
export const packetTargetBytes = 256 * 1024;
/** No WebSocket message is longer. */
export const packetLimitBytes = 1536 * 1024;
/**
 * How long a side hears nothing before it pings. One ping and its answer tell both sides that the other lives, so in the ordinary only the gateway pings:
 * it has thousands of tunnels and pings many in one turn, where each ping of a bridge wakes it on its own. (Of an older one the bridge pings, after 20 s.)
 * Less than the half minute after which the most impatient firewalls forget a connection, and so much before the bridge's own time that a ping under way arrives in it.
 */
export const pingAfterMs = { bridge: 25_000, gateway: 24_000 } as const;
export const deadAfterMs = 45_000;
export const handshakeWithinMs = 10_000;
/** Channels that one side may have open at once. */
export const channelLimit = 1024;
/** Frames that may wait to be written when a packet arrives: more wait only where the peer sends and does not read. */
export const waitingFramesLimit = 16 * 1024;

/** Type byte of each frame. */
export const frameType = {
  hello: 1,
  challenge: 2,
  proof: 3,
  welcome: 4,
  refuse: 5,
  ping: 16,
  pong: 17,
  open: 32,
  opened: 33,
  data: 34,
  dataEnd: 35,
  credit: 36,
  abort: 37,
  close: 38,
  offer: 48,
  verdict: 49,
  calls: 50,
  report: 51,
  noted: 52,
} as const;

/** WebSocket close codes (RFC 6455 section 7.4.2: 4000-4999 are ours). */
export const closeCode = {
  protocol: 4400,
  refused: 4401,
  revoked: 4403,
  replaced: 4409,
  silent: 4408,
  off: 4423,
  stopping: 4503,
} as const;

/** Words for a person on the wire: no longer than this. */
export const wordsLimit = 8192;
/** A newer peer may know codes that we don't: they count as INTERNAL. */
const WireCode = z
  .string()
  .max(64)
  .transform((code): ErrorCode => ErrorCode.safeParse(code).data ?? 'INTERNAL');
const wireFault = { code: WireCode, message: z.string().max(wordsLimit) };

/** JSON bodies, by frame. Unknown keys of newer peers are kept (looseObject). */
export const frameBody = {
  hello: z.looseObject({
    versions: z.array(z.number().int()).min(1).max(16),
    product: z.string().max(200),
    workstation: WorkstationId,
    user: UserId,
  }),
  challenge: z.looseObject({ version: z.number().int(), nonce: z.base64url().length(43), organization: OrganizationId }),
  proof: z.looseObject({ signature: z.base64url().max(200) }),
  welcome: z.looseObject({
    organization: OrganizationId,
    messageLimitBytes: z.number().int().min(65536),
    /** Slugs of the gateways that the user may reach now. */
    gateways: z.array(Slug),
    /** Whether AI hosts can sign in at this gateway server by themselves. Absent (an older one): they can not. */
    hostsSignIn: z.boolean().optional(),
  }),
  refuse: z.looseObject(wireFault),
  open: z.discriminatedUnion('kind', [
    /** From the gateway: run this local server (which the device itself offered) and connect the channel to its stdio. */
    z.looseObject({
      kind: z.literal('server'),
      server: Slug,
      fingerprint: Fingerprint,
      /** The AI host that calls: where two hosts name the same command with different values, its own count. */
      host: z.string().max(80).optional(),
    }),
    /** From the bridge: an AI host that came through the shim. Its lines are an MCP session. */
    z.looseObject({ kind: z.literal('host'), host: z.string().max(80), gateway: Slug, server: Slug.optional() }),
  ]),
  opened: z.looseObject({}),
  credit: z.looseObject({ bytes: z.number().int().min(1).max(0xffffffff) }),
  /**
   * The message begun on this channel, or one that could not begin, will not come; the channel lives on. Of one that was too large it tells the
   * first bytes at once and, where it was still being read, once more with the last ones.
   */
  abort: z.looseObject({ ...wireFault, remnant: Remnant.optional() }),
  /** The channel is over; `code` is absent where it ended as it should. */
  close: z.looseObject({ code: WireCode.optional(), message: z.string().max(wordsLimit).optional() }),
  offer: z.looseObject({ offers: z.array(Offer).max(500) }),
  /** The newest first. At connect the newest of all, later what came since. */
  calls: z.looseObject({ calls: z.array(RecentCall).max(recentCallLimit) }),
  /** All that the bridge has not been told to be on record, and its posture, where it tells that: one that is older does not. */
  report: z.looseObject({ reports: z.array(Report).max(reportLimit), posture: PostureSummary.optional() }),
  /** These are on record. */
  noted: z.looseObject({ ids: z.array(z.uuid()).max(2 * reportLimit) }),
  verdict: z.looseObject({ verdicts: z.array(Verdict).max(2000) }),
} as const;
export type JsonFrameName = keyof typeof frameBody;
export type FrameBody<N extends JsonFrameName> = z.infer<(typeof frameBody)[N]>;

/** The text that the device key signs (ES256, IEEE P1363 form, base64url). `origin` is the gateway's as the bridge dialed it, e.g. `https://mcp.example.org`. */
export function proofText(of: {
  version: number;
  nonce: string;
  origin: string;
  workstation: WorkstationId;
  user: UserId;
}): string {
  return ['drawbridge-tunnel-proof', of.version, of.nonce, of.origin, of.workstation, of.user].join('\n');
}

/** The text that a new device key signs to enroll: it binds the spent token to the key, the gateway and the OS user. */
export function enrollText(of: { tokenHash: string; publicKeyThumbprint: string; origin: string; osUser: string }): string {
  return ['drawbridge-enroll', of.tokenHash, of.publicKeyThumbprint, of.origin, of.osUser].join('\n');
}
