import { mkdir, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { REPOSITORY } from '../../launcher/run-folder.ts'

/** A change of one source file of the publisher, for a copy that is to be wrong: `from` must stand there exactly once. */
export interface Patch {
  /** Below `services/publisher/src/`. */
  readonly file: string
  readonly from: string
  readonly to: string
}

/** What can be loaded into a publisher before its program. */
export const PRELOADS = {
  endWithParent: 'test/launcher/end-with-parent.ts',
  dieAtPoint: 'test/faults/preload/die-at-point.ts',
  shiftClock: 'test/faults/preload/shift-clock.ts',
} as const

/** Compiles the publisher, as it stands in this repository, into a folder: a process of it starts in half a second. */
export class Programs {
  readonly #folder: string
  readonly #made = new Map<string, Promise<string>>()

  /** @param folder where the compiled files go, beside a link to the publisher's dependencies */
  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Makes the folder. */
  static async in(folder: string): Promise<Programs> {
    await mkdir(folder, { recursive: true })
    await symlink(join(PUBLISHER, 'node_modules'), join(folder, 'node_modules')).catch(() => {})
    return new Programs(folder)
  }

  /** The publisher's program, with changes. `name`: the same name is compiled once. */
  publisher(name = 'publisher', patches: readonly Patch[] = []): Promise<string> {
    return this.#make(name, join(PUBLISHER, 'src/main.ts'), patches)
  }

  /** A module for `--import`. */
  preload(name: keyof typeof PRELOADS): Promise<string> {
    return this.#make(name, join(REPOSITORY, PRELOADS[name]), [])
  }

  #make(name: string, entry: string, patches: readonly Patch[]): Promise<string> {
    const made = this.#made.get(name) ?? this.#compile(name, entry, patches)
    this.#made.set(name, made)
    return made
  }

  async #compile(name: string, entry: string, patches: readonly Patch[]): Promise<string> {
    const outfile = join(this.#folder, `${name}.mjs`)
    const applied = new Set<Patch>()
    await esbuild().build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'error',
      conditions: ['@rescind/source'],
      external: externals(),
      // What is CommonJS among the dependencies asks for parts of Node by `require`.
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
      plugins: patches.length === 0 ? [] : [patching(patches, applied)],
    })
    const missed = patches.filter((patch) => !applied.has(patch))
    if (missed.length > 0) throw new Error(`${name}: no source file ${missed.map(({ file }) => file).join(', ')}`)
    return outfile
  }
}

const PUBLISHER = join(REPOSITORY, 'services/publisher')

/** What the publisher's own `node_modules` has; whatever else is needed is compiled in. */
function externals(): string[] {
  const { dependencies } = createRequire(import.meta.url)(join(PUBLISHER, 'package.json')) as {
    dependencies: Record<string, string>
  }
  return Object.keys(dependencies).filter((name) => !name.startsWith('@rescind/'))
}

interface Loader {
  onLoad(options: { filter: RegExp }, load: (file: { path: string }) => Promise<object | undefined>): void
}

interface Compiler {
  build(options: object): Promise<unknown>
}

/** The compiler that tsx brings along. */
function esbuild(): Compiler {
  const tsx = createRequire(import.meta.url).resolve('tsx/package.json')
  return createRequire(tsx)('esbuild') as Compiler
}

function patching(patches: readonly Patch[], applied: Set<Patch>): object {
  return {
    name: 'patch',
    setup(build: Loader) {
      build.onLoad({ filter: /services\/publisher\/src\/.*\.ts$/ }, async ({ path }) => {
        const due = patches.filter(({ file }) => path.endsWith(`/publisher/src/${file}`))
        if (due.length === 0) return undefined
        const { readFile } = await import('node:fs/promises')
        let contents = await readFile(path, 'utf8')
        for (const patch of due) {
          if (contents.split(patch.from).length !== 2) throw new Error(`not once in ${patch.file}: ${patch.from}`)
          contents = contents.replace(patch.from, () => patch.to)
          applied.add(patch)
        }
        return { contents, loader: 'ts' }
      })
    },
  }
}
