// Who manages this device, in the words that the organization gave for it, and the way to its help.
import { Button } from 'react-aria-components';
import type { AgentProfile } from '#contract/agent.ts';
import { useAsk } from './drawbridge.ts';
import { Outcome } from './part.tsx';

export function Managed({ profile }: { readonly profile: AgentProfile }) {
  const [opened, open] = useAsk('help:open');
  const { managedBy, managedByCaption, managedByUrl, supportUrl, isForced } = profile;
  return (
    <section aria-label="Who manages this">
      <h2>Who manages this</h2>
      <p>
        {managedBy === undefined
          ? isForced
            ? 'Managed by your organization.'
            : 'Not managed by an organization: the settings come from this user or from defaults.'
          : `Managed by ${managedBy}.`}
      </p>
      {managedByCaption === undefined ? null : <p>{managedByCaption}</p>}
      <div className="actions">
        {managedByUrl?.startsWith('https://') ? (
          <Button className="button" onPress={() => void open({ what: 'managed_by' })}>
            About this management
          </Button>
        ) : null}
        {supportUrl?.startsWith('https://') ? (
          <Button className="button" onPress={() => void open({ what: 'support' })}>
            Get help
          </Button>
        ) : null}
      </div>
      <Outcome of={opened} waiting="Opening your browser …" done={() => 'Opened in your browser.'} />
    </section>
  );
}
