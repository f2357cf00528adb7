import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { client } from '../session';

/** The way to a camera, by its name; of one that I may not know of, without it. */
export function CameraLink({ id }: { id: string }) {
  const { t } = useTranslation();
  const camera = useQuery({ queryKey: ['camera', id], queryFn: ({ signal }) => client.cameras.get(id, { signal }), staleTime: 60_000 });
  return <Link to={`/cameras/${id}`} style={{ marginInlineEnd: 8 }}>{camera.data?.name ?? t('ledger.camera')}</Link>;
}
