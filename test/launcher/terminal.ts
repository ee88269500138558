/** Where the launcher writes. Colours only on a terminal, and never against NO_COLOR (https://no-color.org). */
export interface Terminal {
  line(text?: string): void
  readonly bold: Paint
  readonly dim: Paint
  readonly green: Paint
  readonly red: Paint
}

type Paint = (text: string) => string

/** The part of a stream that a {@link Terminal} needs. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
}

/** A terminal on `output`, usually standard output. */
export function terminalOn(output: Output, env: NodeJS.ProcessEnv): Terminal {
  const coloured = output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
  const paint = (start: number, end: number): Paint =>
    coloured ? (text) => `\u001b[${start}m${text}\u001b[${end}m` : (text) => text
  return {
    line: (text = '') => void output.write(`${text}\n`),
    bold: paint(1, 22),
    dim: paint(2, 22),
    green: paint(32, 39),
    red: paint(31, 39),
  }
}
