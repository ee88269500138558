/**
 * Loaded into every process that is started here, before its program: if whoever started it is gone, even by SIGKILL,
 * the channel closes and the program is asked to stop, as by an operator.
 */
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
// Listening alone must not keep a program alive that has nothing left to do.
process.channel?.unref()
