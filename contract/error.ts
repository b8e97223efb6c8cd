// The one table of what can go wrong: code -> HTTP status, JSON-RPC code, words for a person, whose fault, whether a retry makes sense.
// Drawbridge's own JSON-RPC codes lie outside -32768..-32000, which JSON-RPC 2.0 section 5.1 and the MCP specification reserve.
import { z } from 'zod';
import { adminErrors } from './error-admin.ts';
import { directoryErrors } from './error-directory.ts';
import { companionErrors } from './error-companion.ts';
import { itemErrors } from './error-item.ts';
import { remoteErrors } from './error-remote.ts';
import { payloadErrors } from './error-payload.ts';
import { pinErrors } from './error-pin.ts';
import { ruleErrors } from './error-rule.ts';
import { stateErrors } from './error-state.ts';
import { signInErrors } from './error-sign-in.ts';
import { sinkErrors } from './error-sink.ts';
import { switchErrors } from './error-switch.ts';
import { tunnelErrors } from './error-tunnel.ts';

/** May the caller send the same request again? `unknown`: it may have run, so only the caller can judge. */
export type Retry = 'no' | 'safe' | 'unknown';

interface ErrorEntry {
  readonly status: number;
  readonly rpc: number;
  readonly retry: Retry;
  /** What happened, to what, what to do. `{name}` is filled from the fault's fields. */
  readonly message: string;
}

const table = {
  // the envelope
  MALFORMED: { status: 400, rpc: -32700, retry: 'no', message: 'The request body is not valid JSON in UTF-8.' },
  INVALID_REQUEST: { status: 400, rpc: -32600, retry: 'no', message: 'The request is not valid: {reason}.' },
  BATCH_UNSUPPORTED: {
    status: 400,
    rpc: -32600,
    retry: 'no',
    message: 'JSON-RPC batches are not accepted here: send one request per POST.',
  },
  INVALID_PARAMS: { status: 400, rpc: -32602, retry: 'no', message: 'The parameters of {method} are not valid: {reason}.' },
  METHOD_UNKNOWN: { status: 404, rpc: -32601, retry: 'no', message: 'The method {method} is not served here.' },
  HEADER_MISMATCH: { status: 400, rpc: -32020, retry: 'no', message: 'The header {header} is missing or contradicts the body.' },
  VERSION_UNSUPPORTED: { status: 400, rpc: -32022, retry: 'no', message: 'The protocol version {requested} is not supported.' },
  MESSAGE_TOO_LARGE: {
    status: 413,
    rpc: 7413,
    retry: 'no',
    message: 'The message is larger than the limit of {limitBytes} bytes.',
  },
  MEDIA_TYPE: { status: 415, rpc: -32600, retry: 'no', message: 'Send Content-Type: application/json.' },
  NOT_ACCEPTABLE: { status: 406, rpc: -32600, retry: 'no', message: 'Accept must list application/json and text/event-stream.' },
  METHOD_NOT_ALLOWED: { status: 405, rpc: -32600, retry: 'no', message: 'This address answers {allow} only.' },
  UPGRADE_REQUIRED: { status: 426, rpc: -32600, retry: 'no', message: 'This address answers WebSocket upgrades only.' },
  NOT_FOUND: { status: 404, rpc: 7404, retry: 'no', message: 'There is nothing at this address.' },
  SESSION_REQUIRED: { status: 400, rpc: -32600, retry: 'no', message: 'Send the Mcp-Session-Id that initialize returned.' },
  SESSION_UNKNOWN: {
    status: 404,
    rpc: 7405,
    retry: 'no',
    message: 'This session has ended or was never yours: send initialize again.',
  },
  SESSION_LIMIT: {
    status: 503,
    rpc: 7429,
    retry: 'safe',
    message: 'Too many sessions are open for this user: close some and try again.',
  },

  // who calls
  UNAUTHENTICATED: {
    status: 401,
    rpc: 7401,
    retry: 'no',
    message: 'Send a valid host token as "Authorization: Bearer <token>".',
  },
  TOKEN_EXPIRED: {
    status: 401,
    rpc: 7401,
    retry: 'no',
    message: 'The token expired at {at}. Sign in again, or ask your administrator for a new one.',
  },
  TOKEN_REVOKED: { status: 401, rpc: 7401, retry: 'no', message: 'The token was revoked. Ask your administrator for a new one.' },
  TOKEN_SPENT: {
    status: 401,
    rpc: 7401,
    retry: 'no',
    message: 'The enrollment token was already used. Ask your administrator for a new one.',
  },
  ENROLL_TOKEN_INVALID: {
    status: 401,
    rpc: 7401,
    retry: 'no',
    message: 'This gateway did not issue the enrollment token. Check that it was copied whole, or ask your administrator.',
  },
  HOST_HEADER_FORBIDDEN: {
    status: 421,
    rpc: 7421,
    retry: 'no',
    message: 'The Host header, or the address in the first line of the request, names another site than this gateway.',
  },
  ORIGIN_FORBIDDEN: { status: 403, rpc: 7403, retry: 'no', message: 'Pages of the origin {origin} may not call this gateway.' },
  PLAINTEXT_FORBIDDEN: {
    status: 403,
    rpc: 7403,
    retry: 'no',
    message: 'This gateway answers encrypted connections only: use its https address.',
  },

  // a host signs in
  ...signInErrors,

  // may they
  HOST_REFUSED: {
    status: 403,
    rpc: 7403,
    retry: 'no',
    message: 'The app "{host}" is not let in here. Ask your administrator.',
  },
  GATEWAY_NOT_GRANTED: {
    status: 403,
    rpc: 7403,
    retry: 'no',
    message: 'The gateway "{gateway}" is not granted to you by any of your teams. Ask your administrator.',
  },
  STEP_UP_NEEDED: {
    status: 403,
    rpc: 7403,
    retry: 'no',
    message: 'The tool "{name}" needs the consent of its person: an app that signed in asks for it, no other may use it.',
  },
  TOKEN_NOT_FOR_GATEWAY: { status: 403, rpc: 7403, retry: 'no', message: 'This token is not for the gateway "{gateway}".' },
  SERVER_NOT_ASSIGNED: {
    status: 403,
    rpc: 7403,
    retry: 'no',
    message: 'The server "{server}" is not assigned to this gateway. Ask your administrator.',
  },
  ...itemErrors,
  ...switchErrors,
  POLICY_MISSING: {
    status: 503,
    rpc: 7503,
    retry: 'safe',
    message: 'The gateway has no policy it can trust, so it refuses every call. Ask your administrator.',
  },

  // the way to a workstation server
  WORKSTATION_OFFLINE: {
    status: 200,
    rpc: 7504,
    retry: 'safe',
    message:
      'No workstation of yours is connected, so the server "{server}" can\'t be reached. Start Drawbridge on it and try again.',
  },
  WORKSTATION_AMBIGUOUS: {
    status: 200,
    rpc: 7409,
    retry: 'no',
    message:
      'The server "{server}" is on several of your workstations: {workstations}. Ask your administrator to name one in the assignment\'s "reach".',
  },
  WORKSTATION_REVOKED: {
    status: 403,
    rpc: 7403,
    retry: 'no',
    message: 'This workstation was revoked. Ask your administrator to enroll it again.',
  },
  SERVER_NOT_OFFERED: {
    status: 200,
    rpc: 7404,
    retry: 'safe',
    message:
      'Your workstation does not offer the server "{server}". Where it has only just started, try again in a few seconds; else check its configuration there.',
  },
  SERVER_NOT_APPROVED: {
    status: 200,
    rpc: 7403,
    retry: 'no',
    message: 'The command of the server "{server}" is not approved ({fingerprint}). Ask your administrator.',
  },
  SERVER_DENIED: { status: 200, rpc: 7403, retry: 'no', message: 'The command of the server "{server}" is denied by {by}.' },
  SERVER_CONFLICT: {
    status: 200,
    rpc: 7403,
    retry: 'no',
    message:
      'Two AI hosts of this workstation name a server "{server}" with the same command and different values, and this call comes from neither. Give one of them another name.',
  },
  SERVER_START_FAILED: { status: 200, rpc: 7502, retry: 'safe', message: 'The server "{server}" could not be started: {reason}' },
  SERVER_EXITED: {
    status: 200,
    rpc: 7502,
    retry: 'unknown',
    message: 'The server "{server}" ended while the call was running ({how}). Its last lines: {stderr}',
  },
  SERVER_BACKING_OFF: {
    status: 200,
    rpc: 7502,
    retry: 'safe',
    message: 'The server "{server}" keeps ending and is started again in {seconds} s. The last time: {stderr}',
  },
  SERVER_TIMEOUT: {
    status: 200,
    rpc: 7504,
    retry: 'unknown',
    message: 'The server "{server}" did not answer within {seconds} s{meanwhile}.',
  },
  SERVER_GARBAGE: {
    status: 200,
    rpc: 7502,
    retry: 'unknown',
    message: 'The server "{server}" sent something that is not an MCP message: {reason}',
  },
  ANSWER_TOO_LARGE: {
    status: 200,
    rpc: 7502,
    retry: 'unknown',
    message: 'The answer of the server "{server}" is too large to be passed on: {reason} Ask it for less at a time.',
  },
  TUNNEL_LOST: {
    status: 200,
    rpc: 7502,
    retry: 'unknown',
    message:
      'The connection to the workstation was lost while the call was running. It may or may not have run: check before you repeat it.',
  },
  GATEWAY_UNREACHABLE: {
    status: 200,
    rpc: 7502,
    retry: 'safe',
    message: 'This workstation is not connected to its gateway ({reason}). Try again in a moment.',
  },
  PAUSED: {
    status: 200,
    rpc: 7503,
    retry: 'safe',
    message: 'Drawbridge is paused on this workstation until {until}. Resume it to go on.',
  },
  ...remoteErrors,
  ...stateErrors,
  BUSY: { status: 503, rpc: 7429, retry: 'safe', message: 'Too much is waiting for {what}. Try again in a moment.' },
  TOO_OFTEN: {
    status: 429,
    rpc: 7429,
    retry: 'safe',
    message: 'Too many requests came from your address for {what}. Try again in {seconds} s.',
  },
  HOST_UNABLE: { status: 200, rpc: -32601, retry: 'no', message: 'The AI host can not be asked for {method}: {reason}.' },
  HOST_SILENT: { status: 200, rpc: 7504, retry: 'unknown', message: 'The AI host did not answer {method} within {seconds} s.' },
  SECRET_ASKED: { status: 200, rpc: 7403, retry: 'no', message: 'A form may not ask for a secret: its field "{field}" does.' },
  INPUT_MISSING: { status: 200, rpc: 7428, retry: 'no', message: 'The server "{server}" needs {method} first: {reason}.' },
  CANCELLED: { status: 200, rpc: 7499, retry: 'unknown', message: 'The call was cancelled by its caller.' },

  // the tunnel's handshake and frames
  ...tunnelErrors,

  // us
  AUDIT_UNAVAILABLE: {
    status: 503,
    rpc: 7507,
    retry: 'unknown',
    message:
      "The call can't be put on record, so its result is withheld. Tell your administrator: the audit store does not accept records.",
  },
  ...sinkErrors,
  STORE_UNAVAILABLE: {
    status: 503,
    rpc: 7503,
    retry: 'safe',
    message: "The gateway's database does not answer. Try again in a moment.",
  },
  STORE_NEWER: {
    status: 503,
    rpc: 7503,
    retry: 'no',
    message:
      'The database was written by a newer Drawbridge (schema {found}; this one knows up to {known}). Nothing was changed. Update this program, or restore the backup that was made before that update.',
  },
  STORE_OLDER: {
    status: 503,
    rpc: 7503,
    retry: 'no',
    message:
      'The database is older than this program, and a gateway server (process {pid}) is using it. Nothing was changed. Stop that gateway server or update it, then try again.',
  },
  DATA_LOCKED: {
    status: 503,
    rpc: 7503,
    retry: 'no',
    message:
      'The data directory {directory} is in use by another gateway server (process {pid}). Stop that one, or choose another directory.',
  },
  AUDIT_BROKEN: {
    status: 503,
    rpc: 7507,
    retry: 'no',
    message:
      'The audit records are not as they were written: {reason} Keep a copy of the data directory as it is now, and tell whoever looks after its security.',
  },
  STARTING: { status: 503, rpc: 7503, retry: 'safe', message: 'The gateway server is starting. Try again in a moment.' },
  STOPPING: { status: 503, rpc: 7503, retry: 'safe', message: 'The gateway server is stopping. Try again in a moment.' },
  INTERNAL: {
    status: 500,
    rpc: -32603,
    retry: 'unknown',
    message: 'Something failed inside Drawbridge. Give your administrator the reference {reference}.',
  },

  // rules on what may flow
  ...ruleErrors,
  ...payloadErrors,
  ...pinErrors,

  // what the companion's page asks of the tray program
  ...companionErrors,

  // what an administrator asks for, by the API and at a command line
  ...adminErrors,
  ...directoryErrors,
  SETTING_INVALID: { status: 400, rpc: 7400, retry: 'no', message: 'The setting {setting} is not valid: {reason}' },
  NAME_UNKNOWN: { status: 404, rpc: 7404, retry: 'no', message: 'There is no {what} "{name}". {hint}' },
  CHOICE_NEEDED: { status: 409, rpc: 7409, retry: 'no', message: '{what} fits more than one: {choices}. {hint}' },
  FILE_UNUSABLE: { status: 500, rpc: 7500, retry: 'no', message: "Can't use {file}: {reason}" },
  ADDRESS_UNUSABLE: { status: 500, rpc: 7500, retry: 'no', message: "Can't listen on {address}: {reason}" },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof table;
export const ErrorCode = z.string().refine((code): code is ErrorCode => Object.hasOwn(table, code), 'unknown error code');
type Fields = Readonly<Record<string, string | number>>;

/** The table's entry for a code. */
export function entryOf(code: ErrorCode): ErrorEntry {
  return table[code];
}

/** The one error class: a code of the table, the fields of its message, and the cause. */
export class Fault extends Error {
  readonly code: ErrorCode;
  readonly fields: Fields;

  constructor(code: ErrorCode, fields: Fields = {}, options?: { cause?: unknown }) {
    super(fill(table[code].message, fields), options);
    this.name = 'Fault';
    this.code = code;
    this.fields = fields;
  }
}

/** Any thrown value as a Fault. What nobody expected becomes INTERNAL with the given reference, never the caller's fault. */
export function asFault(thrown: unknown, reference: string): Fault {
  return thrown instanceof Fault ? thrown : new Fault('INTERNAL', { reference }, { cause: thrown });
}

function fill(message: string, fields: Fields): string {
  return message.replace(/\{(\w+)\}/g, (_, name: string) => String(fields[name] ?? '?'));
}
