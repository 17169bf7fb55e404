import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** One text that an id stands for. */
export interface NumberedSchema {
  id: number
  /** `EntityCreated` */
  name: string
  text: string
}

/** Every text that ever got an id, also of schemas that have changed since: `0001-EntityCreated.avsc`. */
export const schemaFolder = fileURLToPath(new URL('../../schemas', import.meta.url))

const fileName = /^(\d{4})-([A-Za-z0-9]+)\.avsc$/

/** In the order of their ids. Files of other names are left out. */
export function readSchemaFolder(folder = schemaFolder): NumberedSchema[] {
  return readdirSync(folder)
    .sort()
    .flatMap((file) => {
      const [, id, name = ''] = fileName.exec(file) ?? []
      return id === undefined
        ? []
        : [{ id: Number(id), name, text: readFileSync(join(folder, file), 'utf8') }]
    })
}

export function schemaFileName({ id, name }: Pick<NumberedSchema, 'id' | 'name'>): string {
  return `${String(id).padStart(4, '0')}-${name}.avsc`
}
