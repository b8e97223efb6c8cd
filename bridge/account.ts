// Who runs this, as the system knows them. Rule: a user who is in no list of users, as in a container or while a directory service can't be reached, goes by
// their number.
import { userInfo } from 'node:os';

export interface Account {
  readonly userName: string;
  /** The login shell. */
  readonly shell: string | undefined;
}

export function accountOf(uid: number): Account {
  try {
    const { username, shell } = userInfo();
    return { userName: username, shell: shell ?? undefined };
  } catch {
    return { userName: String(uid), shell: undefined };
  }
}
