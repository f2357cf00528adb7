import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { ShareList } from '../parts/sharelist';
import { client, useUser } from '../session';

/** Every share link to the cameras of one's organisation. */
export function SharesPage() {
  const { t } = useTranslation();
  const user = useUser();
  const cameras = useQuery({ queryKey: ['cameras', 'names'], queryFn: ({ signal }) => client.cameras.list({ limit: 200 }, { signal }) });
  const names = new Map((cameras.data?.items ?? []).map((c) => [c.id, c.name]));
  return (
    <main className="page">
      <div className="page-head"><h1>{t('nav.shares')}</h1></div>
      <ShareList
        of={user.role === 'admin' ? null : { organisation_id: user.organisation.id }}
        first={{ title: t('shares.camera'), render: (_, s) => <Link to={`/cameras/${s.camera_id}`}>{names.get(s.camera_id) ?? s.camera_id}</Link> }}
      />
    </main>
  );
}
