import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { runProgram } from '../../launcher/run-program.ts'

/** Rejects with what to install if there is no strace here, or if it may not watch. */
export async function findStrace(): Promise<void> {
  const { failure } = await runProgram('strace', ['-f', '-o', '/dev/null', 'true'], {
    cwd: process.cwd(),
    env: process.env,
    timeoutMs: 10_000,
  })
  if (failure === undefined) return
  throw new Error(
    `System calls cannot be watched here: ${failure}\n\nInstall it (Debian, Ubuntu: sudo apt-get install -y strace), or leave ` +
      'this part out: --part crash --part red --part outage --part disasters --part two-publishers. In a container it needs --cap-add SYS_PTRACE.',
  )
}

/** What runs a program under strace: every thread, every write and every flush, whole, with their files and times. */
export function straceTo(file: string): readonly string[] {
  const calls = 'trace=write,writev,pwrite64,sendto,sendmsg,fdatasync,fsync'
  return ['strace', '-f', '-ttt', '-yy', '-s', '1000000', '-e', calls, '-e', 'signal=none', '-o', file]
}

/** One system call. Entries and exits are numbered together, in the order in which strace saw them. */
export interface SystemCall {
  readonly thread: string
  readonly name: string
  /** The descriptor as strace shows it, with the file or the socket behind it. */
  readonly on: string
  readonly text: string
  readonly entry: number
  readonly enteredAtSec: number
  /** Infinity if it never returned. */
  exit: number
  exitedAtSec: number
  result: number
}

/** Reads what strace has written: calls that it cut in two are joined again. */
export async function readStrace(file: string): Promise<SystemCall[]> {
  return parseStrace(createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY }))
}

const LINE = /^(\d+) +(\d+\.\d+) (.*)$/s
const CALL = /^(\w+)\((\d+<.*?>)(?=[,)]| <unfinished)(.*)$/s
const RESUMED = /^<\.\.\. (\w+) resumed>(.*)$/s

/** The same, of lines. */
export async function parseStrace(lines: AsyncIterable<string> | Iterable<string>): Promise<SystemCall[]> {
  const calls: SystemCall[] = []
  const open = new Map<string, SystemCall>()
  let number = 0
  for await (const line of lines) {
    const [, thread = '', at = '0', rest = ''] = LINE.exec(line) ?? []
    number += 1
    const resumed = RESUMED.exec(rest)
    if (resumed) {
      const call = open.get(thread)
      open.delete(thread)
      if (call) close(call, number, Number(at), resumed[2] ?? '')
      continue
    }
    const [, name, on, after = ''] = CALL.exec(rest) ?? []
    if (name === undefined || on === undefined) continue
    const text = after.replace(/ <unfinished \.\.\.>$/, '')
    const unknown = { exit: Number.POSITIVE_INFINITY, exitedAtSec: Number.POSITIVE_INFINITY, result: Number.NaN }
    const call: SystemCall = { thread, name, on, text, entry: number, enteredAtSec: Number(at), ...unknown }
    calls.push(call)
    if (after.endsWith('<unfinished ...>')) open.set(thread, call)
    else close(call, number, Number(at), after)
  }
  return calls
}

function close(call: SystemCall, number: number, atSec: number, text: string): void {
  call.exit = number
  call.exitedAtSec = atSec
  call.result = Number(/\) += (-?\d+)/.exec(text.slice(-80))?.[1] ?? Number.NaN)
}
