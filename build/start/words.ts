// The words of `npm start` for what programs say in JSON: a call with its legs, a finding, the posture, how to go on.
import type { AuditRecord } from '#contract/audit.ts';
import { type Finding, FindingCode, findingOf } from '#contract/finding.ts';
import type { PostureStatus } from '#contract/posture.ts';
import { unobservableWords } from '#contract/unobservable.ts';

interface Said {
  readonly result?: { readonly content?: readonly { readonly text?: string | undefined }[] | undefined } | undefined;
  readonly error?: { readonly code: number; readonly message: string } | undefined;
}

/** The plan that apply printed: its lines, cut where a list of tools makes them long. */
export function describePolicy(applied: readonly string[]): string[] {
  return applied.map(
    (line) => `  ${line.replace(/tools \[([^\]]*)\]/, (_, tools: string) => `${tools.split(',').length} tools`)}`,
  );
}

export function describeCall(tool: string, answer: Said, tookMs: number, record: AuditRecord | undefined): string[] {
  const said = answer.error
    ? `refused: ${answer.error.message}`
    : (answer.result?.content?.[0]?.text ?? 'an answer without text');
  return [`\n  ${tool} -> ${said}`, `    in ${tookMs.toFixed(1)} ms`, ...(record?.kind === 'call' ? recordLines(record) : [])];
}

function recordLines(record: Extract<AuditRecord, { kind: 'call' }>): string[] {
  const { hostToGateway = 0, gatewayToServer, serverToGateway, gatewayToHost = 0 } = record.legs;
  const ms = (micros: number) => `${(micros / 1000).toFixed(2)} ms`;
  const legs =
    gatewayToServer === undefined || serverToGateway === undefined
      ? [`decided after ${ms(hostToGateway)}`]
      : [
          `host to gateway ${ms(hostToGateway)}`,
          `gateway to server ${ms(gatewayToServer - hostToGateway)}`,
          `server and back ${ms(serverToGateway - gatewayToServer)}`,
          `to host ${ms(gatewayToHost - serverToGateway)}`,
        ];
  const who = `${record.user?.name ?? '-'} with ${record.host ?? '-'}`;
  return [
    `    legs:   ${legs.join(', ')}`,
    `    record: ${record.id} ${record.decision}${record.code === null ? '' : ` (${record.code})`}, ${who}, ${[record.gateway?.name, record.server?.name, record.tool ?? record.item?.name].filter(Boolean).join('/')}`,
  ];
}

export function describeFinding(finding: Finding): string {
  return `    ! ${finding.code}${finding.server === undefined ? '' : `: ${finding.server.name}`}`;
}

export function describePosture(status: PostureStatus, file: string): string[] {
  const reasons = status.reasons.length > 0 ? ` (${status.reasons.join(', ')})` : '';
  return [
    `  ${status.status}${reasons}: ${status.counts.direct_servers} direct servers, ${status.bridge.wrapped_servers} behind the bridge, tunnel ${status.gateway.tunnel}`,
    ...status.reasons.flatMap((reason) => {
      const code = FindingCode.safeParse(reason);
      return code.success ? [`    ! ${reason}: ${findingOf(code.data).meaning}`] : [];
    }),
    `  it is said of MCP only; not seen from here: ${unobservableWords}`,
    `  file: ${file}`,
  ];
}

export function tryItLines(of: { gatewayUrl: string; token: string; companion: string; home: string }): string[] {
  return [
    `  Gateway URL:  ${of.gatewayUrl}`,
    `  Host token:   ${of.token}   (12 hours)`,
    `  Managed home: ${of.home}`,
    `  Companion:    ${of.companion}`,
    '',
    '  Try a call with the MCP Inspector:',
    `    npx mcp-inspector --cli ${of.gatewayUrl} --transport http --header "Authorization: Bearer ${of.token}" \\`,
    '      --method tools/call --tool-name everything__get-sum --tool-arg a=2 b=40',
    '',
    '  Ctrl-C stops everything and puts the home back as it was.',
  ];
}
