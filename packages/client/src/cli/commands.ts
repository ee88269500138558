import type { Command } from './command.ts'
import { AUDIT } from './commands/audit.ts'
import { CHECK } from './commands/check.ts'
import { DISMISS } from './commands/dismiss.ts'
import { IMPORT } from './commands/import.ts'
import { LIFT } from './commands/lift.ts'
import { LIST } from './commands/list.ts'
import { REPLICAS } from './commands/replicas.ts'
import { REVOKE } from './commands/revoke.ts'
import { SHOW } from './commands/show.ts'
import { STATUS } from './commands/status.ts'
import { WATCH } from './commands/watch.ts'

/** Every command, in the order in which `--help` lists them. */
export const COMMANDS: readonly Command[] = [
  REVOKE,
  LIFT,
  CHECK,
  LIST,
  SHOW,
  WATCH,
  IMPORT,
  REPLICAS,
  DISMISS,
  STATUS,
  AUDIT,
]
