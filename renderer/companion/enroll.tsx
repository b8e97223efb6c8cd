// How a device is enrolled by hand: a token that was pasted, or a link that was opened and is confirmed here. Always with the profile's own gateway.
import { useState } from 'react';
import { Button, Form, Input, Label, Text, TextField } from 'react-aria-components';
import type { AgentProfile } from '#contract/agent.ts';
import { Question } from './dialog.tsx';
import { useAsk } from './drawbridge.ts';
import { Empty, Outcome } from './part.tsx';

export function EnrollForm({ gatewayUrl }: { readonly gatewayUrl: string | undefined }) {
  const [token, setToken] = useState('');
  const [asked, ask] = useAsk('device:enroll');
  if (gatewayUrl === undefined)
    return <Empty>No gateway is set for this device, so there is nothing to enroll with. Ask your administrator.</Empty>;
  const enroll = async () => {
    if (await ask({ by: 'token', token })) setToken('');
  };
  return (
    <section aria-label="Enroll this device" className="notice">
      <h2>Enroll this device</h2>
      <Form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void enroll();
        }}
      >
        <TextField value={token} onChange={setToken} type="password" autoComplete="off" maxLength={200}>
          <Label>Enrollment token</Label>
          <Input className="input" spellCheck="false" />
          <Text slot="description" className="hint">
            It is spent once, at {gatewayUrl}, and kept nowhere.
          </Text>
        </TextField>
        <div className="actions">
          <Button type="submit" className="button primary" isDisabled={token.trim() === '' || asked.kind === 'waiting'}>
            Enroll
          </Button>
        </div>
        <Outcome of={asked} waiting="Enrolling this device …" done={() => 'This device is enrolled.'} />
      </Form>
    </section>
  );
}

interface QuestionProps {
  readonly profile: AgentProfile;
  /** Who this device is enrolled as already. */
  readonly enrolledAs: string | undefined;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** Asked when a drawbridge://enroll link was opened: any web page can do that, so a person confirms it, and sees with whom. */
export function EnrollQuestion({ profile, enrolledAs, isOpen, onClose }: QuestionProps) {
  const [asked, ask] = useAsk('device:enroll');
  const { gatewayUrl, managedBy } = profile;
  const confirm = async () => {
    if (await ask({ by: 'link' })) onClose();
  };
  return (
    <Question title="Enroll this device?" isOpen={isOpen} onClose={onClose}>
      {gatewayUrl === undefined ? (
        <p>A link asks to enroll this device, but your organization set no gateway for it yet. Ask your administrator.</p>
      ) : (
        <>
          <p>
            A link asks to enroll this device with the gateway of {managedBy ?? 'your organization'} at{' '}
            <strong>{gatewayUrl}</strong>.
          </p>
          {enrolledAs === undefined ? null : (
            <p>
              This device is enrolled as <strong>{enrolledAs}</strong> already. Going on replaces that.
            </p>
          )}
          <p>Go on only if you expected this, because your administrator sent you the link.</p>
        </>
      )}
      <Outcome of={asked} waiting="Enrolling this device …" />
      <div className="actions">
        {gatewayUrl === undefined ? null : (
          <Button className="button primary" isDisabled={asked.kind === 'waiting'} onPress={() => void confirm()}>
            Enroll
          </Button>
        )}
        <Button className="button" onPress={onClose}>
          Cancel
        </Button>
      </div>
    </Question>
  );
}
