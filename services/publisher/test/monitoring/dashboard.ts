import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where the dashboard and the alert rules are. */
export const MONITORING = join(import.meta.dirname, '../../monitoring')

/** One panel of the dashboard, as far as we look at it. */
export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly datasource?: { readonly type: string; readonly uid: string }
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number }
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[]
}

/** Grafana's dashboard, as far as we look at it. */
export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly schemaVersion: number
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] }
  readonly panels: readonly Panel[]
}

/** Reads the dashboard that is shipped. */
export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(join(MONITORING, 'dashboard.json'), 'utf8'))
}

/** Every query of the dashboard, with something in place of Grafana's variables, so that Prometheus can read it. */
export function queriesOf({ panels }: Dashboard): { readonly title: string; readonly expr: string }[] {
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      title,
      expr: expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$(job|instance)\b/g, '.*'),
    })),
  )
}
