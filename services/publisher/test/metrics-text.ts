/** One metric as Prometheus' text format tells it. */
export interface Metric {
  readonly type: string
  readonly help: string
  /** Label names that any of its lines bears, without `le`. */
  readonly labels: ReadonlySet<string>
  /** By labels as they stand, such as `{state="live"}`; of a histogram by suffix and labels. */
  readonly values: ReadonlyMap<string, number>
}

/** Reads what `GET /metrics` answers. */
export function readMetrics(text: string): Map<string, Metric> {
  const metrics = new Map<string, Metric & { values: Map<string, number>; labels: Set<string> }>()
  const helps = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (kind === 'HELP') helps.set(name, rest)
    if (kind === 'TYPE')
      metrics.set(name, { type: rest, help: helps.get(name) ?? '', labels: new Set(), values: new Map() })
    const [, sample = '', labels = '', value] = /^([a-z_0-9]+)(\{.*\})? (\S+)$/i.exec(line) ?? []
    if (value === undefined) continue
    const family = metrics.has(sample) ? sample : sample.replace(/_(bucket|sum|count)$/, '')
    const metric = metrics.get(family)
    if (!metric) throw new Error(`${sample} has no TYPE`)
    metric.values.set(`${sample.slice(family.length)}${labels}`, Number(value))
    for (const [, label = ''] of labels.matchAll(/[{,]([a-z_]+)="/g)) if (label !== 'le') metric.labels.add(label)
  }
  return metrics
}
