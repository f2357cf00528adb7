/** What a media token says of itself; nobody has verified it here. */
function claims(token: string): Record<string, unknown> {
  const [, payload = ''] = token.split('.');
  try {
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // not one of ours: the server says so
  }
}

/** The watermark that a media token names, '' for none. */
export function labelOfToken(token: string): string {
  const { lbl } = claims(token);
  return typeof lbl === 'string' ? lbl : '';
}
