// The question before quitting: what it means, and why. It is only ever asked where the profile allows it, and main checks that again.
import { useState } from 'react';
import { Button, Form, Input, Label, Text, TextField } from 'react-aria-components';
import { Question } from './dialog.tsx';
import { useAsk } from './drawbridge.ts';
import { Outcome } from './part.tsx';

export function QuitQuestion({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  const [reason, setReason] = useState('');
  const [asked, ask] = useAsk('companion:quit');
  const said = reason.trim();
  return (
    <Question title="Quit Drawbridge" isOpen={isOpen} onClose={onClose}>
      <Form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          void ask(said === '' ? {} : { reason: said });
        }}
      >
        <p>The agent that Drawbridge started ends with it. Your AI hosts reach no server until you start Drawbridge again.</p>
        <TextField value={reason} onChange={setReason} maxLength={500}>
          <Label>Reason (optional)</Label>
          <Input className="input" />
          <Text slot="description" className="hint">
            It is kept in the log of this device.
          </Text>
        </TextField>
        <Outcome of={asked} waiting="Ending …" />
        <div className="actions">
          <Button type="submit" className="button danger" isDisabled={asked.kind === 'waiting'}>
            Quit
          </Button>
          <Button className="button" onPress={onClose}>
            Cancel
          </Button>
        </div>
      </Form>
    </Question>
  );
}
