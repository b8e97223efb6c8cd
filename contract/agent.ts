// What the agent says to the tray, the CLI and the shim over its socket: one per OS user and state directory, in a directory that only this user can enter.
//
//   client                                      agent
//     | {"version":1,"want":"state"}              |
//     |------------------------------------------>|
//     |                        {"state":{…}}      |   the current one at once, then every change, until either side closes
//     |<------------------------------------------|
//     | {"version":1,"want":"command","command":{"name":…}}
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
import { ConvergeReport, HostState, RestoreReport } from './host-report.ts';
import { Fingerprint, OrganizationId, Slug, UserId, WorkstationId } from './id.ts';
import { PostureStatus } from './posture.ts';
import { SettingName, ProfileSource } from './profile.ts';
import { RecentCall } from './recent-call.ts';
import { Command } from './server.ts';
import { TunnelState } from './tunnel-state.ts';

export const agentVersion = 1;
/** A first line, and a command's, is no longer than this. */
export const requestLimitBytes = 16 * 1024;

/** A host of the table in contract/host.ts, or what an unknown one calls itself. */
const HostId = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,79}$/);

/** What a client may ask the agent to do. What comes back is in `commandResult`; a refusal is an AgentFault. */
export const AgentCommand = z.discriminatedUnion('name', [
  z.looseObject({ name: z.literal('status') }),
  z.looseObject({ name: z.literal('posture') }),
  /** The local servers. */
  z.looseObject({ name: z.literal('servers') }),
  /** Reads the profile, the device and the hosts' configs again, and answers when it is done. */
  z.looseObject({ name: z.literal('reload') }),
  /** Ends its children and forgets its back-off; the next call starts it anew. NAME_UNKNOWN. */
  z.looseObject({ name: z.literal('restart_server'), server: Slug }),
  /** What its children last said beside their messages, also those that ended; redacted. NAME_UNKNOWN. */
  z.looseObject({ name: z.literal('server_log'), server: Slug }),
  /** What converging would change or, where the gateway is in place, what was changed. Secrets as [secret]. */
  z.looseObject({ name: z.literal('host_diff'), host: HostId }),
  /** Gives the host its configs back and leaves it alone until `converge_host`. PROFILE_FORBIDS where the profile doesn't allow it. */
  z.looseObject({ name: z.literal('undo_host'), host: HostId }),
  /** Makes the host name only the gateway; takes an undo back and ends the pause after a fight over its file. */
  z.looseObject({ name: z.literal('converge_host'), host: HostId }),
  /** No tunnel, no local server, no host served until then. PROFILE_FORBIDS, SETTING_INVALID. */
  z.looseObject({
    name: z.literal('pause'),
    minutes: z.number().int().min(1).max(1440),
    reason: z.string().trim().min(1).max(500).optional(),
  }),
  z.looseObject({ name: z.literal('resume') }),
  /** Spends a one-time token for this device, at the gateway that the profile names. */
  z.looseObject({ name: z.literal('enroll'), token: z.string().min(1).max(200) }),
  /** The machine woke, or the user doesn't want to wait: the tunnel is dialed anew. */
  z.looseObject({ name: z.literal('wake') }),
  z.looseObject({ name: z.literal('diagnostics') }),
  /** Ends the agent. PROFILE_FORBIDS where the profile doesn't let the user quit. */
  z.looseObject({ name: z.literal('stop'), reason: z.string().trim().min(1).max(500).optional() }),
]);
export type AgentCommand = z.infer<typeof AgentCommand>;
export type AgentCommandName = AgentCommand['name'];

const version = z.literal(agentVersion);
export const AgentRequest = z.discriminatedUnion('want', [
  z.looseObject({ version, want: z.literal('state') }),
  z.looseObject({ version, want: z.literal('command'), command: AgentCommand }),
  z.looseObject({
    version,
    want: z.literal('connect'),
    host: HostId,
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
  z.object({
    kind: z.literal('off'),
    since: z.number(),
    reason: z.enum(['gateway_unset', 'not_enrolled', 'paused', 'stopping']),
  }),
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
  /** The last time that it ended unasked or did not start; it may do well again. */
  lastError: z.looseObject({ at: z.number(), code: z.string(), message: z.string() }).optional(),
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
  /** What to show beside it, and where it leads. */
  managedByCaption: z.string().optional(),
  managedByUrl: z.string().optional(),
  supportUrl: z.string().optional(),
  /** Setting -> where its value came from, for all that are set or have a default. */
  origins: z.partialRecord(SettingName, ProfileSource),
  /** The same settings' values as short text. Environment values of local servers as [secret]. */
  values: z.partialRecord(SettingName, z.string()),
  /** What the profile lets the user do. */
  allows: z.looseObject({
    pause: z.enum(['never', 'with_reason', 'always']),
    pauseMaxMinutes: z.number().int(),
    quit: z.boolean(),
    undo: z.boolean(),
  }),
});
export type AgentProfile = z.infer<typeof AgentProfile>;

/** The user paused Drawbridge. It ends by itself at `until`. */
export const AgentPause = z.looseObject({
  since: z.number(),
  until: z.number(),
  by: z.literal('user'),
  reason: z.string().optional(),
});
export type AgentPause = z.infer<typeof AgentPause>;

/** A call of this user as the gateway recorded it. */
export const AgentCall = RecentCall;
export type AgentCall = RecentCall;

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
  /** Whether AI hosts can sign in there by themselves; absent while it is not known. */
  hostsSignIn: z.boolean().optional(),
  secretStore: z.enum(['os', 'file']),
  profile: AgentProfile,
  servers: z.array(AgentServer),
  hosts: z.array(HostState),
  findings: z.array(Finding),
  paused: AgentPause.optional(),
  /** The newest first, 50 at most. Empty with a gateway that doesn't tell them. */
  calls: z.array(AgentCall),
});
export type AgentState = z.infer<typeof AgentState>;

/** The `result` of each command. */
export const commandResult = {
  status: AgentState,
  posture: PostureStatus.optional(),
  servers: z.array(AgentServer),
  reload: z.looseObject({ findings: z.array(Finding) }),
  restart_server: z.looseObject({}),
  /** Oldest first, 200 at most. */
  server_log: z.looseObject({ lines: z.array(z.string()) }),
  host_diff: z.looseObject({ files: z.array(z.looseObject({ shownAs: z.string(), diff: z.string() })) }),
  undo_host: RestoreReport,
  converge_host: ConvergeReport,
  pause: z.looseObject({ until: z.number() }),
  resume: z.looseObject({}),
  enroll: z.looseObject({ workstation: WorkstationId }),
  wake: z.looseObject({}),
  /** One JSON text. */
  diagnostics: z.looseObject({ text: z.string() }),
  stop: z.looseObject({}),
} as const satisfies Record<AgentCommandName, z.ZodType>;
export type CommandResult<N extends AgentCommandName> = z.infer<(typeof commandResult)[N]>;

/** The result of a command; undefined where it is something else. */
export function readResult<N extends AgentCommandName>(
  name: N,
  result: unknown,
): { readonly value: CommandResult<N> } | undefined {
  const parsed = commandResult[name].safeParse(result);
  return parsed.success ? { value: parsed.data as CommandResult<N> } : undefined;
}

/** What the agent answers to a first line. */
export const AgentReply = z.union([
  z.object({ state: AgentState }),
  z.object({ opened: z.looseObject({ limitBytes: z.number().int().positive() }) }),
  z.object({ refused: AgentFault }),
  z.object({ result: z.unknown() }),
]);
export type AgentReply = z.infer<typeof AgentReply>;

/** The one line that `agent` prints on stdout, and the first word of an agent in a process of the companion's. */
export const AgentStarted = z.looseObject({ event: z.literal('started'), pid: z.number().int(), socket: z.string() });
export type AgentStarted = z.infer<typeof AgentStarted>;
/** In a process of the companion's: it could not start. The process ends. */
export const AgentFailed = z.looseObject({ event: z.literal('failed'), code: z.string(), message: z.string() });
export type AgentFailed = z.infer<typeof AgentFailed>;
/** What the program that started the agent's process may tell it there. */
export const AgentOrder = z.looseObject({ order: z.literal('stop') });
export type AgentOrder = z.infer<typeof AgentOrder>;
