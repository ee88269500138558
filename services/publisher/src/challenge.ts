/** Value of `WWW-Authenticate` (RFC 6750 section 3). The attributes hold no quote and no backslash: they are ours. */
export function challenge(attributes: Readonly<Record<string, string>> = {}): string {
  const all = Object.entries({ realm: 'rescind', ...attributes })
  return `Bearer ${all.map(([name, value]) => `${name}="${value}"`).join(', ')}`
}
