/** What is used here of the WebAssembly JavaScript interface; the types of Node leave it to those of browsers. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum: number })
    readonly buffer: ArrayBuffer
    /** By pages of 65,536 bytes; takes the old buffer away. */
    grow(pages: number): number
  }
  interface Module {
    readonly [Symbol.toStringTag]: 'WebAssembly.Module'
  }
  const Module: new (bytes: Uint8Array<ArrayBuffer>) => Module
  interface Instance {
    readonly exports: object
  }
  const Instance: new (module: Module, imports: { env: { memory: Memory } }) => Instance
}
