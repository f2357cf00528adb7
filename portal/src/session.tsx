import { createClient, GatepostError, type Client, type Session, type User } from '@gatepost/sdk';
import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';

/** The one client of this page. The access token lives in it and nowhere else. */
export const client: Client = createClient();

export type SessionState =
  | { kind: 'asking' }
  | { kind: 'out' }
  /** The server cannot be asked who we are. */
  | { kind: 'away'; retry: () => void }
  | { kind: 'in'; user: User };

const Context = createContext<SessionState>({ kind: 'asking' });

/** Takes up the session by the refresh cookie, and follows it from then on. */
export function SessionProvider({ children }: { children: ReactNode }) {
  const [session, setSession] = useState<Session | null>(client.session.current);
  const [asked, setAsked] = useState<'asking' | 'answered' | 'away'>('asking');
  const queries = useQueryClient();

  useEffect(() => client.session.subscribe(setSession), []);
  useEffect(() => {
    if (asked !== 'asking') return;
    const stop = new AbortController();
    client.session.refresh({ signal: stop.signal }).then(
      () => setAsked('answered'),
      (err: unknown) => {
        if (stop.signal.aborted) return;
        const unreachable = err instanceof GatepostError && (err.code === 'network' || err.code === 'unavailable');
        setAsked(unreachable ? 'away' : 'answered');
      },
    );
    return () => stop.abort();
  }, [asked]);
  const user = session?.user.id;
  const before = useRef(user);
  useEffect(() => {
    // What one person saw is not for the next. Pages of nobody in particular have asked already.
    if (before.current !== undefined && before.current !== user) queries.clear();
    before.current = user;
  }, [user, queries]);

  const state = useMemo((): SessionState => {
    if (session !== null) return { kind: 'in', user: session.user };
    if (asked === 'away') return { kind: 'away', retry: () => setAsked('asking') };
    return { kind: asked === 'asking' ? 'asking' : 'out' };
  }, [session, asked]);
  return <Context value={state}>{children}</Context>;
}

export function useSession(): SessionState {
  return useContext(Context);
}

/** The signed-in person; only below a page that needs one. */
export function useUser(): User {
  const s = useContext(Context);
  if (s.kind !== 'in') throw new Error('nobody is signed in');
  return s.user;
}
