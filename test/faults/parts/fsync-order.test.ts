import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ordersOf } from './fsync-order.ts'
import { parseStrace } from './strace.ts'

const ID = '01a21007-e6c4-7f44-a8b2-2128b6bf387a'
const WAL = '20</store/facts/000003.log>'
const ANSWER = `11 9.004000 write(25<TCP:[127.0.0.1:1->127.0.0.1:2]>, "HTTP/1.1 201 Created\\r\\n\\r\\n{\\"id\\":\\"${ID}\\"}", 90) = 90`

async function orders(...lines: readonly string[]) {
  const found = ordersOf(await parseStrace(lines))
  return found.map(({ status, order, afterUs }) => [status, order, afterUs])
}

test('R12: an answer after the flush of what it names is right; cut-up calls are joined', async () => {
  const write = `12 9.001000 write(${WAL}, "..${ID}..", 80) = 80`
  assert.deepEqual(await orders(write, `12 9.002000 fdatasync(${WAL}) = 0`, ANSWER), [[201, 'right', 2000]])
  const cut = [
    `12 9.002000 fdatasync(${WAL} <unfinished ...>`,
    '13 9.002500 write(1<pipe:[7]>, "x", 1) = 1',
    '12 9.003000 <... fdatasync resumed>) = 0',
  ]
  assert.deepEqual(await orders(write, ...cut, ANSWER), [[201, 'right', 1000]])
})

test('R12: an answer before its flush has returned, with none, or with one that failed is late', async () => {
  const write = `12 9.001000 write(${WAL}, "..${ID}..", 80) = 80`
  const begun = `12 9.002000 fdatasync(${WAL} <unfinished ...>`
  assert.deepEqual(await orders(write, begun, ANSWER, '12 9.006000 <... fdatasync resumed>) = 0'), [
    [201, 'late', undefined],
  ])
  assert.deepEqual(await orders(write, ANSWER), [[201, 'late', undefined]])
  assert.deepEqual(await orders(write, `12 9.002000 fdatasync(${WAL}) = -1 EIO (Input/output error)`, ANSWER), [
    [201, 'late', undefined],
  ])
  const earlier = `12 9.000500 fdatasync(${WAL}) = 0`
  assert.deepEqual(await orders(earlier, write, ANSWER), [[201, 'late', undefined]])
  const other = '12 9.002000 fdatasync(21</store/facts/MANIFEST-000002>) = 0'
  assert.deepEqual(await orders(write, other, ANSWER), [[201, 'late', undefined]])
})

test('an answer whose facts nobody wrote is untraced; refusals and other writes are none', async () => {
  assert.deepEqual(await orders(ANSWER), [[201, 'untraced', undefined]])
  assert.deepEqual(await orders(ANSWER.replace('201 Created', '503 Unavailable')), [])
  assert.deepEqual(await orders(ANSWER.replace('25<TCP:[127.0.0.1:1->127.0.0.1:2]>', '1<pipe:[9]>')), [])
})
