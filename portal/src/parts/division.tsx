import type { Division } from '@gatepost/sdk';
import { useQueries, useQueryClient } from '@tanstack/react-query';
import { Cascader } from 'antd';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client } from '../session';

interface Option {
  value: string;
  label: string;
  isLeaf: boolean;
  children?: Option[];
}

const query = (parent: string) => ({
  queryKey: ['divisions', parent],
  queryFn: ({ signal }: { signal: AbortSignal }) => client.divisions.list(parent === '' ? {} : { parent }, { signal }),
  staleTime: Infinity,
});

function option(d: Division): Option {
  return { value: d.code, label: d.name, isLeaf: !d.has_children };
}

/** The tree with children put below the node that path leads to. */
function grown(tree: Option[], path: string[], children: Option[]): Option[] {
  const [head, ...rest] = path;
  return tree.map((o) => {
    if (o.value !== head) return o;
    if (rest.length === 0) return children.length === 0 ? { ...o, isLeaf: true } : { ...o, children };
    return { ...o, children: grown(o.children ?? [], rest, children) };
  });
}

/** Picks a division, level by level; each level is asked for when it is opened. The value is its code. */
export function DivisionPicker({ id, onChange, testid = 'enrol-division' }: { id?: string; value?: string; onChange?: (code: string | undefined) => void; testid?: string }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [tree, setTree] = useState<Option[]>([]);
  const [path, setPath] = useState<string[]>([]);

  useEffect(() => {
    let stopped = false;
    queries.fetchQuery(query('')).then(
      (r) => {
        if (!stopped) setTree(r.items.map(option));
      },
      () => undefined, // the field stays empty; a division is optional, and opening it again asks again
    );
    return () => {
      stopped = true;
    };
  }, [queries]);

  async function load(chosen: Option[]) {
    const at = chosen.map((o) => o.value);
    const last = at.at(-1);
    if (last === undefined) return;
    const { items } = await queries.fetchQuery(query(last));
    setTree((now) => grown(now, at, items.map(option)));
  }

  return (
    <div data-testid={testid}>
      <Cascader<Option>
        id={id}
        options={tree}
        value={path}
        changeOnSelect
        allowClear
        style={{ width: '100%' }}
        placeholder={t('enrol.divisionHint')}
        loadData={(chosen) => void load(chosen).catch(() => undefined)}
        onChange={(value) => {
          const codes = (value ?? []) as string[];
          setPath(codes);
          onChange?.(codes.at(-1));
        }}
      />
    </div>
  );
}

/** "浙江省 / 杭州市 / 西湖区" of a code; the code itself until it is known. */
export function useDivisionName(code: string): string {
  // GB/T 2260: province 2 digits, city 4, county 6, town 9.
  const codes = [2, 4, 6, 9].filter((n) => code.length >= n).map((n) => code.slice(0, n));
  return useQueries({
    queries: codes.map((_, i) => query(codes[i - 1] ?? '')),
    combine: (results) => {
      const names = codes.map((c, i) => results[i]?.data?.items.find((d) => d.code === c)?.name);
      return names.length > 0 && names.every((n) => n !== undefined) ? names.join(' / ') : code;
    },
  });
}

/** The last name of a division's path; its code until it is known. */
export function DivisionName({ code }: { code: string }) {
  const { t } = useTranslation();
  const path = useDivisionName(code);
  if (code === '') return <>{t('common.none')}</>;
  return <span title={path}>{path.split(' / ').at(-1)}</span>;
}
