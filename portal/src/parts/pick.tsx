import { all, type Camera, type Organisation } from '@gatepost/sdk';
import { useQuery } from '@tanstack/react-query';
import { Select, type SelectProps } from 'antd';
import { client } from '../session';

/** Of the cameras and organisations that a list offers; whoever has more knows their names. */
const most = 1000;

async function some<T>(list: AsyncGenerator<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) if (items.push(item) >= most) break;
  return items;
}

/** The cameras that I may know of; those of an owner, when he is named. */
export function useCameras(owner?: string, enabled = true): Camera[] | undefined {
  return useQuery({
    queryKey: ['cameras', 'pick', owner ?? ''], enabled, staleTime: 60_000,
    queryFn: ({ signal }) => some(all((q) => client.cameras.list({ ...q, ...(owner ? { owner_id: owner } : {}) }, { signal }))),
  }).data;
}

/** The organisations that I may know of. */
export function useOrganisations(enabled = true): Organisation[] | undefined {
  return useQuery({ queryKey: ['organisations', 'pick'], enabled, staleTime: 60_000, queryFn: ({ signal }) => some(all((q) => client.organisations.list(q, { signal }))) }).data;
}

/** Chooses a camera by its name or national id; several with `mode="multiple"`. */
export function CameraPicker({ owner, filter, ...select }: Omit<SelectProps, 'options' | 'filter'> & { owner?: string; filter?: (c: Camera) => boolean }) {
  const cameras = useCameras(owner);
  const offered = filter ? cameras?.filter(filter) : cameras;
  return (
    <Select
      showSearch={{ optionFilterProp: 'label' }} loading={cameras === undefined} {...select}
      options={(offered ?? []).map((c) => ({ value: c.id, label: `${c.name} · ${c.national_id}` }))}
    />
  );
}

/** Chooses an organisation by its name; several with `mode="multiple"`. */
export function OrganisationPicker({ filter, ...select }: Omit<SelectProps, 'options' | 'filter'> & { filter?: (o: Organisation) => boolean }) {
  const organisations = useOrganisations();
  const offered = filter ? organisations?.filter(filter) : organisations;
  return <Select showSearch={{ optionFilterProp: 'label' }} loading={organisations === undefined} {...select} options={(offered ?? []).map((o) => ({ value: o.id, label: o.name }))} />;
}
