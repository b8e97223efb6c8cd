// My recent calls as the gateway recorded them: which tool, from which host, what was decided, and why where it was not allowed.
import { useState } from 'react';
import {
  Button,
  Input,
  Label,
  SearchField,
  Cell,
  Column,
  Row,
  Table,
  TableBody,
  TableHeader,
  ToggleButton,
  ToggleButtonGroup,
} from 'react-aria-components';
import type { AgentCall, AgentState } from '#contract/agent.ts';
import { Badge, Empty, NoAgent, SectionPage, type Tone, When } from './part.tsx';

const decisions: Readonly<Record<AgentCall['decision'], { tone: Tone; words: string }>> = {
  allowed: { tone: 'good', words: 'allowed' },
  refused: { tone: 'bad', words: 'refused' },
  failed: { tone: 'warn', words: 'failed' },
};
const keptWords: Readonly<Record<NonNullable<AgentCall['kept']>, string>> = {
  full: 'What was asked and answered is kept.',
  redacted: 'What was asked and answered is kept, without what looks like secrets and personal data.',
};
/** Nothing where there are none: of the next one nobody here knows it yet. */
const keptLead = (calls: readonly AgentCall[]): string =>
  calls.length === 0
    ? ''
    : calls.some(({ kept }) => kept !== undefined)
      ? 'Of some of them your organization keeps what was asked and answered: they say so.'
      : 'What was asked and answered in them is not kept.';
const filters = ['all', 'allowed', 'refused', 'failed'] as const;

export function Calls({ agent, now }: { readonly agent: AgentState | undefined; readonly now: number }) {
  const [text, setText] = useState('');
  const [decision, setDecision] = useState<(typeof filters)[number]>('all');
  const all = agent?.calls ?? [];
  const title = (id: string | undefined) => agent?.hosts.find((host) => host.id === id)?.title ?? id ?? '–';
  const wanted = text.trim().toLowerCase();
  const shown = all.filter(
    (call) =>
      (decision === 'all' || call.decision === decision) &&
      [call.tool, call.item?.name, call.method, call.server, title(call.host), call.message].some((part) =>
        part?.toLowerCase().includes(wanted),
      ),
  );
  return (
    <SectionPage title="Recent calls" lead={`Your last calls through the gateway, at most 50. ${keptLead(all)}`}>
      {agent ? null : <NoAgent />}
      {agent && all.length === 0 ? <Empty>No calls yet. They appear here as soon as an AI host uses a tool.</Empty> : null}
      {all.length === 0 ? null : (
        <>
          <div className="filter">
            <SearchField value={text} onChange={setText}>
              <Label>Filter</Label>
              <Input className="input" placeholder="Tool, server, host or reason" />
              <Button className="clear" aria-label="Clear the filter">
                ✕
              </Button>
            </SearchField>
            <ToggleButtonGroup
              aria-label="Decision"
              selectionMode="single"
              disallowEmptySelection
              selectedKeys={[decision]}
              onSelectionChange={(keys) => setDecision(filters.find((each) => keys.has(each)) ?? 'all')}
            >
              {filters.map((each) => (
                <ToggleButton key={each} id={each} className="button toggle">
                  {each}
                </ToggleButton>
              ))}
            </ToggleButtonGroup>
          </div>
          <p role="status" className="hint">
            {shown.length === all.length ? `${all.length} calls` : `${shown.length} of ${all.length} calls`}
          </p>
          <Table aria-label="Recent calls" className="table">
            <TableHeader>
              <Column isRowHeader>Tool</Column>
              <Column>Server</Column>
              <Column>Host</Column>
              <Column>Decision</Column>
              <Column>When</Column>
            </TableHeader>
            <TableBody renderEmptyState={() => <Empty>No call fits this filter.</Empty>}>
              {shown.map((call) => (
                <Row key={call.id} id={call.id}>
                  <Cell>
                    <span className="code">{call.tool ?? call.item?.name ?? call.method}</span>
                    {call.kept === undefined ? null : <span className="why">{keptWords[call.kept]}</span>}
                    {call.decision === 'allowed' || call.message === undefined ? null : (
                      <span className="why">{call.message}</span>
                    )}
                  </Cell>
                  <Cell>{call.server ?? '–'}</Cell>
                  <Cell>{title(call.host)}</Cell>
                  <Cell>
                    <Badge tone={decisions[call.decision].tone}>{decisions[call.decision].words}</Badge>
                  </Cell>
                  <Cell>
                    <When at={call.at} now={now} />
                  </Cell>
                </Row>
              ))}
            </TableBody>
          </Table>
        </>
      )}
    </SectionPage>
  );
}
