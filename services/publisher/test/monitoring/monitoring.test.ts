import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { readAlertRules } from './alert-rules.ts'
import { MONITORING, type Panel, readDashboard } from './dashboard.ts'

const OPERATING = readFileSync(join(import.meta.dirname, '../../OPERATING.md'), 'utf8')

test('every alert has its paragraph in OPERATING.md, and every paragraph its alert', () => {
  const paragraphs = OPERATING.split(/^### (?=Rescind\w+$)/m).slice(1)
  const told = paragraphs.map((paragraph) => paragraph.split('\n', 1)[0])
  assert.deepEqual(
    told.sort(),
    readAlertRules()
      .map(({ alert }) => alert)
      .sort(),
  )
  for (const paragraph of paragraphs) {
    const [title = '', ...lines] = paragraph.split(/^##/m, 1)[0]?.trim().split('\n') ?? []
    assert.ok(lines.join(' ').trim().length > 80, `${title}: say what it means and what to do`)
  }
})

test('every alert says how bad it is and what it is about, and is tested', () => {
  const tested = readFileSync(join(MONITORING, 'alerts.test.yml'), 'utf8')
  for (const { alert, labels, annotations } of readAlertRules()) {
    assert.ok(['critical', 'warning'].includes(labels.severity), alert)
    assert.ok(annotations.summary && annotations.description, alert)
    assert.match(
      tested,
      new RegExp(`labels: 'ALERTS\\{alertname="${alert}",alertstate="firing"`),
      `${alert} never fires in its tests`,
    )
  }
  assert.ok(parse(tested).tests.length > 5)
})

test('the dashboard is one that Grafana takes: panels with one id each, side by side, on a data source that is asked for', () => {
  const { uid, title, schemaVersion, templating, panels } = readDashboard()
  assert.deepEqual([uid, title], ['rescind', 'Rescind'])
  assert.ok(schemaVersion >= 39)
  assert.deepEqual(
    templating.list.map(({ name, type }) => [name, type]),
    [
      ['datasource', 'datasource'],
      ['job', 'query'],
      ['instance', 'query'],
    ],
  )
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  for (const panel of panels.filter(({ type }) => type !== 'row')) {
    assert.ok(['timeseries', 'stat'].includes(panel.type), panel.title)
    assert.ok(panel.title && panel.description, `${panel.title}: say what it shows`)
    assert.deepEqual(panel.datasource, { type: 'prometheus', uid: '$' + '{datasource}' }, panel.title)
    const letters = panel.targets?.map(({ refId }) => refId) ?? []
    assert.ok(letters.length > 0 && new Set(letters).size === letters.length, panel.title)
  }
  for (const [i, one] of panels.entries()) {
    assert.ok(one.gridPos.x >= 0 && one.gridPos.x + one.gridPos.w <= 24, one.title)
    for (const other of panels.slice(i + 1)) assert.ok(!overlap(one, other), `${one.title} lies on ${other.title}`)
  }
})

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
}
