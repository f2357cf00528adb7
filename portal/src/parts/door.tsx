import { Card } from 'antd';
import type { ReactNode } from 'react';
import { Brand, Preferences } from '../brand';

/** What is around a page of somebody who is not signed in. */
export function Door({ children, about, width = 380 }: { children: ReactNode; about: string; width?: number }) {
  return (
    <main className="centre">
      <div className="corner">
        <Preferences />
      </div>
      <Card style={{ width: '100%', maxWidth: width }} styles={{ body: { padding: 28 } }}>
        <Brand size={32} />
        <p className="quiet" style={{ margin: '10px 0 22px' }}>{about}</p>
        {children}
      </Card>
    </main>
  );
}
