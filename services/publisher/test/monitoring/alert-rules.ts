import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { MONITORING } from './dashboard.ts'

/** One alert of the rules, as far as we look at it. */
export interface AlertRule {
  readonly alert: string
  readonly expr: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly description: string }
}

/** Reads the alert rules that are shipped. */
export function readAlertRules(): AlertRule[] {
  const { groups } = parse(readFileSync(join(MONITORING, 'alerts.yml'), 'utf8'))
  return groups.flatMap(({ rules }: { rules: AlertRule[] }) => rules)
}
