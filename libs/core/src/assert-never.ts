/** Marks a branch the compiler has proved unreachable; reaching it at run time is a bug. */
export function assertNever(value: never): never {
  throw new TypeError(`unexpected value: ${JSON.stringify(value)}`)
}
