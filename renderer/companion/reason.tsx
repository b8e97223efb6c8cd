// The form of a question that asks why: what is about to happen, a reason, and the way back. What it asks for comes from its caller.
import { type ReactNode, useState } from 'react';
import { Button, Form, Input, Label, Text, TextField } from 'react-aria-components';
import type { Asked } from './drawbridge.ts';
import { Outcome } from './part.tsx';

interface Props<T> {
  /** What stands before the reason. */
  readonly children: ReactNode;
  readonly isRequired: boolean;
  /** Who reads the reason. */
  readonly hint: string;
  /** On the button that does it. */
  readonly verb: string;
  readonly tone: 'primary' | 'danger';
  readonly waiting: string;
  readonly asked: Asked<T>;
  /** `reason`: absent where none was given. */
  readonly onSubmit: (reason: string | undefined) => void;
  readonly onClose: () => void;
}

export function ReasonForm<T>({ children, isRequired, hint, verb, tone, waiting, asked, onSubmit, onClose }: Props<T>) {
  const [text, setText] = useState('');
  const reason = text.trim() === '' ? undefined : text.trim();
  return (
    <Form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit(reason);
      }}
    >
      {children}
      <TextField value={text} onChange={setText} isRequired={isRequired} maxLength={500} validationBehavior="aria">
        <Label>Reason{isRequired ? '' : ' (optional)'}</Label>
        <Input className="input" />
        <Text slot="description" className="hint">
          {hint}
        </Text>
      </TextField>
      <Outcome of={asked} waiting={waiting} />
      <div className="actions">
        <Button
          type="submit"
          className={`button ${tone}`}
          isDisabled={asked.kind === 'waiting' || (isRequired && reason === undefined)}
        >
          {verb}
        </Button>
        <Button className="button" onPress={onClose}>
          Cancel
        </Button>
      </div>
    </Form>
  );
}
