/** What a process has open besides its connections: its code, pipes, the listener, and a reserve. */
const others = 100

/** @throws if the server's process may not have so many connections open at once */
export function checkFileLimit(connections: number): void {
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: string | number } } }
  const soft = report.userLimits?.open_files?.soft
  const limit = Number(soft)
  // Where it is not told, or there is none, the server says itself what it lacks.
  if (!Number.isFinite(limit) || limit >= connections + others) return
  throw new Error(
    `a process may have ${limit} files open, and ${connections} connections need ${connections + others}. ` +
      `Raise it: ulimit -n ${connections + others}`,
  )
}
