/**
 * Loaded into every process that is started here, before its program: if whoever started it is gone, even by SIGKILL,
 * the channel closes and the program is asked to stop, as by an operator; nobody is left to insist but itself.
 */
const INSIST_AFTER_MS = 5_000

function end(): void {
  process.kill(process.pid, 'SIGTERM')
  // Not a reason to live on: a program that stops in time is gone before.
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), INSIST_AFTER_MS).unref()
}

// Whoever started it may have gone before this was loaded: that is not told again.
if (process.connected === false) end()
else process.once('disconnect', end)
// Listening alone must not keep a program alive that has nothing left to do.
process.channel?.unref()
