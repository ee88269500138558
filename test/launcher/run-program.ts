import { execFile } from 'node:child_process'

/** Runs a program to its end, within `timeoutMs`. Never rejects: `failure` says in a sentence what went wrong. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly timeoutMs: number },
): Promise<{ output: string; failure?: string }> {
  return new Promise((done) => {
    const { timeoutMs, ...rest } = options
    const running = { ...rest, timeout: timeoutMs, maxBuffer: 16 * 1024 * 1024 }
    execFile(program, [...args], running, (error, stdout, stderr) => {
      if (!error) return done({ output: stdout })
      const how = error.killed ? `did not end within ${timeoutMs / 1000} s` : `ended with ${error.code}`
      const lastLines = stderr.trim().split('\n').slice(-5).join('; ')
      done({ output: stdout, failure: `${program} ${how}${lastLines ? `: ${lastLines}` : ''}` })
    })
  })
}
