// Every setting that IT can push to a device: type, default, title, help, since. The one source of the parser, the settings reference and the MDM artifacts.
// Keys are flat PascalCase (Group Policy Editor accepts only [a-zA-Z0-9_]). A structured value may also come as JSON in a string, because some MDMs push strings only.
import { z } from 'zod';
import { Fingerprint, Slug } from './id.ts';
import { LaunchLine } from './server.ts';

/** Where a value came from. A source further down the list is asked later and never overrides an earlier one. */
export const ProfileSource = z.enum(['mdm', 'file', 'user', 'default']);
export type ProfileSource = z.infer<typeof ProfileSource>;

/** `https:`, or `http:` on loopback only; an origin, without path, query or credentials. */
export const GatewayUrl = z.url().transform((text, context) => {
  const url = new URL(text);
  const isLoopback = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback))
    context.addIssue('use https (http only on loopback)');
  if (url.pathname !== '/' || url.search || url.hash || url.username || url.password)
    context.addIssue('name the origin only, such as https://mcp.example.org');
  return url.origin;
});

/** It may be opened in a browser by a click, so no other scheme. */
const webAddress = z.url({ protocol: /^https?$/ });

/** `structured`: an array or object, which may also be pushed as JSON text. */
export type SettingKind = 'string' | 'choice' | 'integer' | 'boolean' | 'structured';
export interface Setting<T extends z.ZodType = z.ZodType> {
  readonly kind: SettingKind;
  readonly schema: T;
  /** Absent means: not set, and the feature that needs it says so. */
  readonly default?: z.infer<T>;
  /** Taken where the value is not valid and no good one was seen before, if the default would be laxer than what was meant. */
  readonly whenInvalid?: z.infer<T>;
  /** What happens where the value is not valid, no good one was seen before, and neither `whenInvalid` nor the default says it all. */
  readonly invalidMeans?: string;
  /** A value for the samples that IT starts from, where the default is none. */
  readonly example?: z.input<T>;
  readonly title: string;
  readonly help: string;
  readonly since: string;
}
const setting = <const S extends Setting>(of: S): S => of;

const commandRule = z.union([Fingerprint, z.array(z.string()).min(1)]);
/** `sha256:…` (a fingerprint), or an argument list that must equal the entry's command and arguments. */
export type CommandRule = z.infer<typeof commandRule>;

export const settings = {
  GatewayURL: setting({
    kind: 'string',
    schema: GatewayUrl,
    example: 'https://mcp.example.org',
    title: 'Gateway URL',
    since: '0.1',
    help: 'Origin of the gateway server that this device uses, such as https://mcp.example.org. Hosts are pointed at it and at nothing else.',
  }),
  GatewaySlug: setting({
    kind: 'string',
    schema: Slug,
    title: 'Gateway',
    since: '0.1',
    help: 'Which gateway the AI hosts are pointed at, by its name in the address. Needed only where more than one is granted to the user.',
  }),
  EnrollmentTokenFile: setting({
    kind: 'string',
    schema: z.string(),
    example: '/etc/drawbridge/token',
    title: 'Enrollment token file',
    since: '0.1',
    help: "File with a one-time enrollment token, the user's own and readable for nobody else (0600). It is read once, spent and emptied.",
  }),
  EnforcementMode: setting({
    kind: 'choice',
    schema: z.enum(['observe', 'enforce']),
    default: 'observe',
    whenInvalid: 'enforce',
    title: 'Enforcement mode',
    since: '0.1',
    help: 'observe: report what the AI hosts are wired to. enforce: also rewrite their configs so that they name only the gateway.',
  }),
  ManagedHosts: setting({
    kind: 'structured',
    schema: z.union([z.literal('*'), z.array(z.string())]),
    default: '*',
    title: 'Managed hosts',
    since: '0.1',
    help: 'Ids of the AI hosts to manage, or "*" for all that Drawbridge knows.',
  }),
  EntryLayout: setting({
    kind: 'choice',
    schema: z.enum(['preserve', 'single']),
    default: 'preserve',
    title: 'Entry layout',
    since: '0.1',
    help: "What stands in the config of an AI host that can sign in by itself. preserve: one entry for each server, under the name it had, so that names and permissions stay. single: one entry, drawbridge, for all servers of the gateway. Hosts that can't sign in, and all hosts of a gateway without sign-in, keep an entry for each server that starts the shim.",
  }),
  ShimHosts: setting({
    kind: 'structured',
    schema: z.union([z.literal('*'), z.array(z.string())]),
    default: [],
    title: 'Hosts with the shim',
    since: '0.1',
    help: 'Ids of the AI hosts whose entries start the shim although the host could sign in by itself, or "*" for all: for one whose sign-in does not work.',
  }),
  LocalServers: setting({
    kind: 'structured',
    schema: z.record(Slug, LaunchLine),
    default: {},
    example: { memory: { command: 'npx', args: ['@modelcontextprotocol/server-memory@2026.8.31'] } },
    title: 'Local servers',
    since: '0.1',
    help: 'Local stdio servers that IT provides on this device, by name. A server listed here needs no further approval.',
  }),
  LocalServerApproval: setting({
    kind: 'choice',
    schema: z.enum(['profile', 'gateway']),
    default: 'profile',
    title: 'Who approves local servers',
    since: '0.1',
    help: "profile: only what this profile lists may run. gateway: the gateway's administrators may also approve exact fingerprints of servers that users had configured.",
  }),
  AllowedLocalServerCommands: setting({
    kind: 'structured',
    schema: z.array(commandRule),
    default: [],
    title: 'Allowed local server commands',
    since: '0.1',
    help: "Fingerprints or exact argument lists that may run without the gateway's approval.",
  }),
  DeniedLocalServerCommands: setting({
    kind: 'structured',
    schema: z.array(commandRule),
    default: [],
    invalidMeans: 'Every local server is denied.',
    title: 'Denied local server commands',
    since: '0.1',
    help: 'Fingerprints or exact argument lists that never run here, whatever else allows them. A list of one string denies every command with that name.',
  }),
  LocalServerPackageRoots: setting({
    kind: 'structured',
    schema: z.array(z.string()),
    default: [],
    title: 'Package roots',
    since: '0.1',
    help: 'Directories whose node_modules hold server packages that IT installed beforehand; searched before anything is installed.',
  }),
  LocalServerInstall: setting({
    kind: 'choice',
    schema: z.enum(['allow', 'never']),
    default: 'allow',
    whenInvalid: 'never',
    title: 'Install server packages',
    since: '0.1',
    help: 'allow: a server package that is not on the device is installed once, at the version the registry names, when its entry is taken over. never: it is reported instead.',
  }),
  PostureStatusPath: setting({
    kind: 'string',
    schema: z.string(),
    title: 'Posture status file',
    since: '0.1',
    help: "Where the posture status file is written. Default: the platform's directory for this user.",
  }),
  PostureHeartbeatMinutes: setting({
    kind: 'integer',
    schema: z.number().int().min(1).max(1440),
    default: 5,
    title: 'Posture heartbeat',
    since: '0.1',
    help: 'Minutes between two writes of an unchanged posture file. It expires after three.',
  }),
  ScanIntervalMinutes: setting({
    kind: 'integer',
    schema: z.number().int().min(1).max(1440),
    default: 15,
    title: 'Scan interval',
    since: '0.1',
    help: "Minutes between two full scans of the AI hosts' configs.",
  }),
  ProjectScanRoots: setting({
    kind: 'structured',
    schema: z.array(z.string()),
    default: [],
    title: 'Project folders',
    since: '0.1',
    help: "Folders below which the AI hosts' project files (.mcp.json, .vscode/mcp.json and others) are looked for, five levels deep; a leading ~/ is the user's home. Folders that Claude Code knows as projects are looked at in any case.",
  }),
  ProjectConfigMode: setting({
    kind: 'choice',
    schema: z.enum(['report', 'converge']),
    default: 'report',
    title: 'Project files',
    since: '0.1',
    help: "report: a project file that names a server past the gateway is a finding. converge: in enforce mode it is also rewritten, as the user's own files are; such files are often shared with others by version control, who would get this device's paths.",
  }),
  CACertificateFile: setting({
    kind: 'string',
    schema: z.string(),
    title: 'CA certificates',
    since: '0.1',
    help: "PEM file with certificates to trust besides the operating system's, for the tunnel and for local servers.",
  }),
  ManagedByOrganizationName: setting({
    kind: 'string',
    schema: z.string().max(200),
    example: 'Example Inc.',
    title: 'Managed by',
    since: '0.1',
    help: "The organization's name, shown to the user.",
  }),
  ManagedByCaption: setting({
    kind: 'string',
    schema: z.string().max(200),
    example: 'This device is looked after by IT.',
    title: 'Managed by: caption',
    since: '0.1',
    help: "A line that is shown beside the organization's name, such as who looks after this device.",
  }),
  ManagedByURL: setting({
    kind: 'string',
    schema: webAddress,
    example: 'https://it.example.org',
    title: 'Managed by: address',
    since: '0.1',
    help: "Where the organization's name leads.",
  }),
  AllowUserPause: setting({
    kind: 'choice',
    schema: z.enum(['never', 'with_reason', 'always']),
    default: 'never',
    whenInvalid: 'never',
    title: 'Let the user pause',
    since: '0.1',
    help: 'never: the user can not pause Drawbridge. with_reason: only with a reason, which is recorded at the gateway. always: with or without one. A pause opens no way around the gateway: it closes the one there is.',
  }),
  PauseMaxMinutes: setting({
    kind: 'integer',
    schema: z.number().int().min(1).max(1440),
    default: 60,
    whenInvalid: 1,
    title: 'Longest pause',
    since: '0.1',
    help: 'Minutes that a pause lasts at most; then it ends by itself.',
  }),
  AllowUserQuit: setting({
    kind: 'boolean',
    schema: z.boolean(),
    default: false,
    whenInvalid: false,
    title: 'Let the user quit',
    since: '0.1',
    help: 'Whether the user can end the agent from the companion or the command line.',
  }),
  AllowUserUndo: setting({
    kind: 'boolean',
    schema: z.boolean(),
    default: false,
    whenInvalid: false,
    title: 'Let the user undo',
    since: '0.1',
    help: 'Whether the user can take the gateway out of an AI host again. Such a host is not compliant and is left alone until it is taken back.',
  }),
  AutoStart: setting({
    kind: 'choice',
    schema: z.enum(['always', 'never', 'user_decides']),
    default: 'always',
    whenInvalid: 'always',
    title: 'Start at login',
    since: '0.1',
    help: 'always: Drawbridge starts when the user logs in. never: it does not. user_decides: the user can choose.',
  }),
  TrayVisibility: setting({
    kind: 'choice',
    schema: z.enum(['show', 'hide']),
    default: 'show',
    whenInvalid: 'show',
    title: 'Tray icon',
    since: '0.1',
    help: 'show: the companion has an icon in the tray. hide: it runs without one.',
  }),
  SupportURL: setting({
    kind: 'string',
    schema: z.url(),
    example: 'https://help.example.org/drawbridge',
    title: 'Support address',
    since: '0.1',
    help: 'Where users find help, shown with errors.',
  }),
  LogLevel: setting({
    kind: 'choice',
    schema: z.enum(['debug', 'info', 'warn', 'error']),
    default: 'info',
    title: 'Log level',
    since: '0.1',
    help: 'How much the agent logs. Never arguments, results or secrets.',
  }),
} as const;

export type SettingName = keyof typeof settings;
export const settingNames = Object.keys(settings) as readonly SettingName[];
export const SettingName = z.string().refine((name): name is SettingName => Object.hasOwn(settings, name), 'unknown setting');
type Value<N extends SettingName> = z.infer<(typeof settings)[N]['schema']>;
type WithDefault = { [N in SettingName]: (typeof settings)[N] extends { readonly default: unknown } ? N : never }[SettingName];
/** Values that somebody set. */
export type ProfileValues = { readonly [N in SettingName]?: Value<N> };
/** The settings in force. A setting without a default is absent where nobody set it. */
export type Profile = ProfileValues & { readonly [N in WithDefault]: Value<N> };

/** The table's entry for a setting, as the generators and the explanation read it. */
export function settingOf(name: SettingName): Setting {
  return settings[name];
}
