import { usageFailure } from './failure.ts'

/** Three or five parts of base64url, the first of which is JSON that begins with `{"`: a signed or encrypted token. */
const TOKEN = /eyJ[\w-]{5,}\.[\w-]*\.[\w-]*/

/** Refuses tokens and keys on the command line, where `ps`, the shell's history and logs would have them. Shows neither. */
export function refuseSecrets(args: readonly string[]): void {
  for (const argument of args) {
    if (TOKEN.test(argument)) {
      throw usageFailure(
        'an argument looks like a token: others can read the command line, and the shell keeps it in its history',
        'give it on stdin: rescind revoke token - < FILE, or rescind check - < FILE',
      )
    }
    if (argument.includes('rsk_')) {
      throw usageFailure(
        'an argument looks like a key: others can read the command line, and the shell keeps it in its history',
        'set RESCIND_KEY, or RESCIND_KEY_FILE to the path of a file that holds it',
      )
    }
  }
}
