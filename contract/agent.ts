// What the agent says to the tray, the CLI and the shim over its socket: one per OS user and state directory, in a directory that only this user can enter.
//
//   client                                      agent
//     | {"version":1,"want":"state"}              |
//     |------------------------------------------>|
//     |                        {"state":{…}}      |   the current one at once, then every change, until either side closes
//     |<------------------------------------------|
//     | {"version":1,"want":"command","command":…}|
//     |------------------------------------------>|
//     |                {"result":…}, then closed  |
//     |<------------------------------------------|
//     | {"version":1,"want":"connect",host,url}   |   the shim
//     |------------------------------------------>|
//     |            {"opened":{"limitBytes":n}}    |   from here on raw MCP lines both ways
//     |<------------------------------------------|
//     | <NUL><LF> after a part of a line          |   this line was given up: it is over the limit
//     |------------------------------------------>|
//     |   <NUL>{"lost":fault}<LF>, then closed    |   the session at the far end is over; the agent itself lives on
//     |<------------------------------------------|
//   {"refused":fault}, then closed, is an answer to any first line. A socket that closes without `lost` means: the agent is gone.
//
// Each line is JSON and ends with LF. NUL can't stand in JSON text (RFC 8259 section 7), so it marks what isn't an MCP line without a look into it.
import { z } from 'zod';
import { Finding } from './finding.ts';
import { HostState } from './host-report.ts';
import { Fingerprint, OrganizationId, Slug, UserId, WorkstationId } from './id.ts';
import { SettingName, ProfileSource } from './profile.ts';
import { Command } from './server.ts';
import { TunnelState } from './tunnel-state.ts';

export const agentVersion = 1;
/** A first line, and a command's, is no longer than this. */
export const requestLimitBytes = 16 * 1024;

/** `servers`: the local servers. `reload`: read the profile, the device and the hosts' configs again, and say when it is done. */
export const AgentCommand = z.enum(['status', 'posture', 'servers', 'reload']);
export type AgentCommand = z.infer<typeof AgentCommand>;

const version = z.literal(agentVersion);
export const AgentRequest = z.discriminatedUnion('want', [
  z.looseObject({ version, want: z.literal('state') }),
  z.looseObject({ version, want: z.literal('command'), command: AgentCommand }),
  z.looseObject({
    version,
    want: z.literal('connect'),
    host: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,79}$/),
    url: z.string().max(2048),
  }),
]);
export type AgentRequest = z.infer<typeof AgentRequest>;

/** A fault for a client that doesn't carry the table of error codes. */
export const AgentFault = z.looseObject({
  code: z.string(),
  message: z.string(),
  rpc: z.number().int(),
  retry: z.enum(['no', 'safe', 'unknown']),
});
export type AgentFault = z.infer<typeof AgentFault>;

export const AgentTunnel = z.discriminatedUnion('kind', [
  ...TunnelState.options,
  z.object({ kind: z.literal('off'), since: z.number(), reason: z.enum(['gateway_unset', 'not_enrolled', 'stopping']) }),
]);
export type AgentTunnel = z.infer<typeof AgentTunnel>;

/** A local server as it stands now. `unresolved`: its command wasn't found. `refused`: it may not run. `failing`: it ends again and again. */
export const AgentServer = z.looseObject({
  server: Slug,
  origin: z.enum(['profile', 'host']),
  hosts: z.array(z.string()),
  status: z.enum(['ready', 'running', 'failing', 'refused', 'unresolved']),
  /** Children that run now. */
  children: z.number().int(),
  fingerprint: Fingerprint.optional(),
  command: Command.optional(),
  /** The code of the error that keeps it from running. */
  code: z.string().optional(),
  /** The same in words. */
  detail: z.string().optional(),
});
export type AgentServer = z.infer<typeof AgentServer>;

export const AgentProfile = z.looseObject({
  file: z.string().optional(),
  hash: z.string().optional(),
  /** IT's own file, which the user can't change. */
  isForced: z.boolean(),
  loadedAt: z.number(),
  mode: z.enum(['observe', 'enforce']),
  gatewayUrl: z.string().optional(),
  managedBy: z.string().optional(),
  supportUrl: z.string().optional(),
  /** Setting -> where its value came from, for all that are set or have a default. */
  origins: z.partialRecord(SettingName, ProfileSource),
});
export type AgentProfile = z.infer<typeof AgentProfile>;

/** All that is true now. Times are ms since 1970. */
export const AgentState = z.looseObject({
  version,
  productVersion: z.string(),
  pid: z.number().int(),
  since: z.number(),
  home: z.string(),
  stateDir: z.string(),
  /** The first scan of the hosts and the first look for local servers are over. */
  isComplete: z.boolean(),
  tunnel: AgentTunnel,
  /** When the tunnel was last up. */
  lastConnectedAt: z.number().optional(),
  device: z
    .looseObject({
      workstation: WorkstationId,
      user: UserId,
      userName: z.string(),
      organization: OrganizationId,
      gatewayOrigin: z.string(),
    })
    .optional(),
  /** The gateway that the hosts are pointed at. */
  gateway: Slug.optional(),
  secretStore: z.enum(['os', 'file']),
  profile: AgentProfile,
  servers: z.array(AgentServer),
  hosts: z.array(HostState),
  findings: z.array(Finding),
});
export type AgentState = z.infer<typeof AgentState>;

/** What the agent answers to a first line. */
export const AgentReply = z.union([
  z.object({ state: AgentState }),
  z.object({ opened: z.looseObject({ limitBytes: z.number().int().positive() }) }),
  z.object({ refused: AgentFault }),
  z.object({ result: z.unknown() }),
]);
export type AgentReply = z.infer<typeof AgentReply>;

/** The one line that `agent` prints on stdout. */
export const AgentStarted = z.looseObject({ event: z.literal('started'), pid: z.number().int(), socket: z.string() });
export type AgentStarted = z.infer<typeof AgentStarted>;
