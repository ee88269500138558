import { type FileHandle, open } from 'node:fs/promises'
import type { RejectedLine } from '../import-lines.ts'
import { EXIT } from './exit-codes.ts'
import { Failure } from './failure.ts'

/** Lines of an upload that were refused: a line of JSON each, with its number in the upload and all that is wrong with it. */
export class RejectsFile {
  readonly #file: FileHandle

  private constructor(file: FileHandle) {
    this.#file = file
  }

  /** Begins the file anew, for its owner alone: it tells of users. */
  static async open(path: string): Promise<RejectsFile> {
    try {
      return new RejectsFile(await open(path, 'w', 0o600))
    } catch (error) {
      throw new Failure(EXIT.failed, `cannot write ${path}: ${(error as Error).message}`)
    }
  }

  /** Writes one. */
  async add({ line, code, errors }: RejectedLine): Promise<void> {
    await this.#file.write(`${JSON.stringify({ line, code, errors })}\n`)
  }

  /** Closes the file. */
  close(): Promise<void> {
    return this.#file.close()
  }
}
