// The package's export map names no types for this entry point.
declare module 'import-in-the-middle/register-hooks.mjs' {
  export function register(options?: { include?: (string | RegExp)[]; exclude?: (string | RegExp)[] }): void
}
