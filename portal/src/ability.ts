import type { Camera, User } from '@gatepost/sdk';

/** What the pages offer somebody. The server decides each request for itself; this only spares people dead ends. */
export interface Abilities {
  watch: boolean;
  /** A purpose and a reason come before the picture. */
  needsPurpose: boolean;
  /** Take copies. */
  export: boolean;
  share: boolean;
  audit: boolean;
  manage: boolean;
  /** Of the operator, who manages and does not watch. */
  operator: boolean;
}

/** The table of functions/access, seen from this person. */
export function abilities(user: User, camera: Pick<Camera, 'owner_id'>): Abilities {
  const { role } = user;
  const admin = role === 'admin';
  const owns = user.organisation.id === camera.owner_id;
  const operator = user.organisation.kind === 'operator' && !admin;
  const is = (...roles: string[]) => roles.includes(role);
  return {
    watch: admin || (!operator && (!owns || is('owner', 'supervisor', 'responder', 'watcher'))),
    needsPurpose: !owns,
    export: admin || (!operator && is('owner', 'supervisor', 'responder')),
    share: admin || (owns && !operator && is('owner', 'supervisor')),
    audit: admin || (owns && !operator && is('owner', 'supervisor')),
    manage: admin || ((owns || operator) && is('owner', 'supervisor', 'maintainer')),
    operator,
  };
}

/** Whether this person may share cameras of the organisation. */
export function mayShare(user: User): boolean {
  return user.role === 'admin' || (user.organisation.kind !== 'operator' && ['owner', 'supervisor'].includes(user.role));
}

/** Whether this person may enrol cameras. */
export function mayEnrol(user: User): boolean {
  return ['admin', 'owner', 'supervisor', 'maintainer'].includes(user.role);
}
