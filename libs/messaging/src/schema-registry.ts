export interface SchemaToRegister {
  /** `synap.events.v1-synap.events.EntityCreated` */
  subject: string
  /** The exact text of the `.avsc`. */
  text: string
}

export interface RegisteredSchema {
  subject: string
  id: number
  /** Lower-case hex SHA-256 of the text, as the registry gives it back: 64 characters. */
  fingerprint: string
}

/** Knows schemas by number. The number stands in every framed record: it must mean the same text for ever. */
export interface SchemaRegistry {
  /**
   * Registers each schema under its subject with compatibility FULL_TRANSITIVE; one that is registered already keeps
   * its id. Rejects with `schema.incompatible` (configuration) at the first schema that a reader or writer of an older
   * one could not live with. For the register command only: services never register.
   */
  register(schemas: readonly SchemaToRegister[]): Promise<RegisteredSchema[]>
  /**
   * The text of a schema; undefined when the registry does not know the id (asked again after a minute at the
   * earliest). Known ids are answered from memory, also while the registry is away. Rejects with `registry.unavailable`
   * (dependency) or `registry.forbidden` / `registry.refused` (configuration).
   */
  schemaById(id: number, signal?: AbortSignal): Promise<string | undefined>
  /**
   * The id under which exactly this text is registered, for a service that writes with it. Rejects with
   * `schema.unregistered` (configuration) when it is not: registering is the command's business.
   */
  idOf(schema: SchemaToRegister): Promise<number>
  /** Resolves when the registry answers. For readiness. */
  ping(): Promise<void>
}
