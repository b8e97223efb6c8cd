// A directory as a client has it: a token, and requests as Okta and Entra send them, over a real socket.
import type { PolicyFile } from '#contract/policy.ts';
import { reveal } from '#contract/secret.ts';
import { issueDirectoryToken } from '../../../../gateway/admin/directory-token.ts';
import { byHand } from '../../data.ts';
import { openStage, type Stage } from '../../../admin/stage.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: Record<string, any>;
}
export interface Directory {
  readonly stage: Stage;
  readonly token: string;
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  addUser(name: string, more?: object): Promise<string>;
}

export async function openDirectory(policy: PolicyFile): Promise<Directory> {
  const stage = await openStage(policy);
  const made = await issueDirectoryToken(
    { ...byHand, store: stage.data.store, now: () => stage.now },
    { title: 'test', days: 30 },
  );
  const token = reveal(made.secret);
  const ask: Directory['ask'] = async (method, path, body, headers = {}) => {
    const response = await stage.ask(`/scim/v2${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/scim+json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
  };
  return {
    stage,
    token,
    ask,
    async addUser(name, more = {}) {
      const user = {
        schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
        userName: `${name}@example.org`,
        name: { givenName: name, familyName: 'Test' },
        emails: [{ primary: true, value: `${name}@example.org`, type: 'work' }],
        active: true,
        ...more,
      };
      const { status, body } = await ask('POST', '/Users', user);
      if (status !== 201) throw new Error(JSON.stringify(body));
      return String(body['id']);
    },
  };
}
