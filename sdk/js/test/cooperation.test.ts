import { expect, it } from 'vitest';
import document from '../../../docs/openapi.json';
import { cooperation, type Verbs } from '../src/cooperation';
import { government } from '../src/government';

const some = '01a2162a-78d6-7dd5-bd79-16ebceebf973';

it('calls only what the API has', () => {
  const paths = Object.keys(document.paths).map((p) => [p, new RegExp(`^${p.replaceAll(/{\w+}/g, '[^/]+')}$`)] as const);
  const operations = new Set<string>();
  const strangers: string[] = [];
  const verb = (method: string) => (path: string) => {
    const at = paths.filter(([, pattern]) => pattern.test(path)).map(([p]) => p).find((p) => method in document.paths[p as '/v1/me']);
    if (at === undefined) strangers.push(`${method} ${path}`);
    else operations.add(`${method} ${at}`);
    return Promise.resolve(undefined as never);
  };
  const verbs: Verbs = { get: verb('get'), post: verb('post'), put: verb('put'), remove: verb('delete'), download: verb('get') };
  let calls = 0;
  for (const group of Object.values({ ...cooperation(verbs), ...government(verbs) })) {
    for (const call of Object.values(group) as ((...args: unknown[]) => unknown)[]) {
      call(some, {}, {});
      calls++;
    }
  }
  expect(strangers).toEqual([]);
  expect(operations.size).toBe(calls);
});
