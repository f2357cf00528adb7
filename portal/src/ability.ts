import type { Camera, Role, User } from '@gatepost/sdk';

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

/** The pages of the portal, by their paths. */
export type Room = 'cameras' | 'duty' | 'incidents' | 'footage' | 'sharing' | 'programmes' | 'reports' | 'support' | 'faults' | 'ledger' | 'retention' | 'notifications';

/** Whether this person decides for his organisation. */
export function leads(user: User): boolean {
  return user.role === 'owner' || user.role === 'supervisor';
}

/** Whether this person's organisation watches over others' cameras: it asks for footage and cameras, and keeps a rota. */
export function watchesOver(user: User): boolean {
  return ['police', 'government', 'department', 'sub_control'].includes(user.organisation.kind);
}

/** Whether this person sees who watches class 1 cameras. */
export function inCharge(user: User): boolean {
  return user.role === 'admin' || ['police', 'sub_control'].includes(user.organisation.kind);
}

/** Whether this person sees to it that cameras work. */
export function maintains(user: User): boolean {
  return ['admin', 'owner', 'supervisor', 'maintainer'].includes(user.role);
}

/** Whether this person activates incidents. */
export function commands(user: User): boolean {
  return ['police', 'government'].includes(user.organisation.kind) && (leads(user) || user.role === 'admin');
}

/** Whether this person speaks for a division: he leads its own police or government. */
export function governs(user: User, division: string): boolean {
  return ['police', 'government'].includes(user.organisation.kind) && leads(user) && division !== '' && user.organisation.division === division;
}

/** Whether this person draws up monthly reports: of his county, city or province. */
export function drawsReports(user: User): boolean {
  return drawsProgrammes(user) || (user.organisation.division?.length === 2 && governs(user, user.organisation.division));
}

/** Whether this person draws up programmes: of his county or city. */
export function drawsProgrammes(user: User): boolean {
  const { division = '' } = user.organisation;
  return (division.length === 4 || division.length === 6) && governs(user, division);
}

/** The division above another, by its code; '' above a province. */
export function above(division: string): string {
  return division.length > 6 ? division.slice(0, 6) : division.slice(0, -2);
}

/** Whether this person reads programmes and coverage: of his division, or all. */
export function readsProgrammes(user: User): boolean {
  return user.role === 'admin' || user.organisation.kind === 'operator' || (watchesOver(user) && !!user.organisation.division);
}

/** Whether this person reads monthly reports: of his division, or all. */
export function readsReports(user: User): boolean {
  return readsProgrammes(user) && !['department', 'sub_control'].includes(user.organisation.kind) || user.role === 'admin';
}

/** Whether this person decides on holds and deletion orders: of his organisation's cameras, or all. */
export function keepsFootage(user: User): boolean {
  return user.role === 'admin' || (leads(user) && !['operator', 'third_party'].includes(user.organisation.kind));
}

/** The pages that are of use to somebody. */
export function rooms(user: User): Room[] {
  const { kind } = user.organisation;
  const admin = user.role === 'admin';
  if (kind === 'third_party' && !admin) return ['cameras'];
  const operator = kind === 'operator' && !admin;
  const decides = leads(user) && !operator;
  const open: Record<Room, boolean> = {
    cameras: true,
    duty: admin || watchesOver(user),
    incidents: admin || watchesOver(user),
    footage: admin || watchesOver(user) || decides,
    sharing: admin || watchesOver(user) || decides,
    programmes: readsProgrammes(user),
    reports: readsReports(user),
    support: admin || operator || decides,
    faults: maintains(user),
    ledger: admin || decides,
    retention: keepsFootage(user),
    notifications: admin || leads(user),
  };
  return (Object.keys(open) as Room[]).filter((room) => open[room]);
}

/** Whether this person invites others, and reads what his organisation is told. */
export function mayInvite(user: User): boolean {
  return ['admin', 'owner', 'supervisor'].includes(user.role);
}

/** Whether this person changes members' roles and deactivates them. */
export function managesMembers(user: User): boolean {
  return user.role === 'admin' || user.role === 'owner';
}

/** The roles that this person gives to others. */
export function rolesToGive(user: User): Role[] {
  const work: Role[] = ['watcher', 'responder', 'maintainer'];
  if (user.role === 'admin') return [...work, 'supervisor', 'owner', 'admin'];
  if (user.role === 'owner') return [...work, 'supervisor', 'owner'];
  return user.role === 'supervisor' ? work : [];
}
