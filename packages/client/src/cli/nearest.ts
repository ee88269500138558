/** The name that was probably meant: at most two letters away, or the only one that begins so. */
export function nearest(given: string, names: readonly string[]): string | undefined {
  const ranked = names.map((name) => ({ name, far: distance(given, name) })).sort((a, b) => a.far - b.far)
  const [first] = ranked
  if (first && first.far <= Math.min(2, Math.ceil(first.name.length / 3))) return first.name
  const beginning = names.filter((name) => given.length >= 2 && name.startsWith(given))
  return beginning.length === 1 ? beginning[0] : undefined
}

/** Levenshtein's distance. Both are names of a command line: a longer one is cut. */
function distance(a: string, b: string): number {
  const from = a.slice(0, 32)
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (from[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
