/**
 * Loaded into a publisher before its program: its wall clock goes wrong by as many milliseconds as the file FAULT_CLOCK
 * says, which is looked at again and again. The monotonic clock stays as it is.
 */
import { readFileSync } from 'node:fs'

const LOOK_EVERY_MS = 50
const { FAULT_CLOCK: file = '' } = process.env
const trueNow = Date.now
let shiftMs = read()

function read(): number {
  try {
    return Number(readFileSync(file, 'utf8')) || 0
  } catch {
    return 0
  }
}

setInterval(() => {
  shiftMs = read()
}, LOOK_EVERY_MS).unref()

const shifted = () => trueNow() + shiftMs

globalThis.Date = new Proxy(Date, {
  construct: (target, values: unknown[], newTarget) =>
    Reflect.construct(target, values.length === 0 ? [shifted()] : values, newTarget),
  apply: () => new Date().toString(),
  get: (target, name) => (name === 'now' ? shifted : Reflect.get(target, name)),
})
