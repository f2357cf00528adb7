import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, Form, Modal, Popconfirm, type ButtonProps, type FormInstance } from 'antd';
import { useEffect, useState, type ReactNode } from 'react';
import { useErrorWords, useFormErrors } from '../errors';

/**
 * A form in a window. What the server finds wrong stands at its field; `names` are the fields of
 * the form for fields of the API that are called otherwise, `about` is what is asked for (useFormErrors).
 */
export function FormModal<F extends object>({ open, title, submit, send, onDone, onCancel, initial, names, about, testid, children, width = 560 }: {
  open: boolean;
  title: string;
  /** On the button. */
  submit: string;
  send: (fields: F) => Promise<unknown>;
  onDone: () => void;
  onCancel: () => void;
  initial?: Partial<F>;
  names?: Readonly<Record<string, string>>;
  about?: string;
  /** The form is `testid`, its button `testid`-submit. */
  testid: string;
  children: ReactNode | ((form: FormInstance<F>) => ReactNode);
  width?: number;
}) {
  const [form] = Form.useForm<F>();
  const place = useFormErrors();
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (open) setFailure('');
  }, [open]);
  async function finish(fields: F) {
    setBusy(true);
    setFailure('');
    try {
      await send(fields);
      onDone();
    } catch (err) {
      setFailure(place(form, err, names, about));
    } finally {
      setBusy(false);
    }
  }
  return (
    <Modal
      open={open} title={title} okText={submit} onOk={() => form.submit()} onCancel={onCancel} confirmLoading={busy} destroyOnHidden width={width}
      okButtonProps={{ 'data-testid': `${testid}-submit` }}
    >
      {failure !== '' && <Alert type="error" showIcon title={failure} style={{ marginBottom: 12 }} data-testid={`${testid}-error`} />}
      <Form<F> form={form} layout="vertical" initialValues={initial ?? {}} data-testid={testid} onFinish={(f) => void finish(f)}>
        {typeof children === 'function' ? children(form) : children}
      </Form>
    </Modal>
  );
}

/** A button that does one thing to the server's state, after a question when `ask` is given. */
export function Act({ ask, run, changes, about, children, ...button }: ButtonProps & {
  ask?: string;
  /** What is asked for, by which refusals are put into words. */
  about?: string;
  run: () => Promise<unknown>;
  /** The queries that it makes stale. */
  changes: readonly unknown[];
}) {
  const { message } = App.useApp();
  const say = useErrorWords();
  const queries = useQueryClient();
  const go = useMutation({
    mutationFn: run,
    onSettled: () => void queries.invalidateQueries({ queryKey: changes }),
    onError: (err) => void message.error(say(err, about)),
  });
  const look: ButtonProps = { size: 'small', loading: go.isPending, ...button };
  if (ask === undefined) return <Button {...look} onClick={() => go.mutate()}>{children}</Button>;
  return (
    <Popconfirm title={ask} onConfirm={() => go.mutate()} okText={children} okButtonProps={{ danger: button.danger ?? false, 'data-testid': 'act-confirm' }}>
      <Button {...look}>{children}</Button>
    </Popconfirm>
  );
}

/** A field of a form that says something and takes nothing; a refusal of the whole can stand at it. */
export function Fixed({ id, text, testid }: { id?: string; text: ReactNode; testid?: string }) {
  return <b id={id} data-testid={testid}>{text}</b>;
}
