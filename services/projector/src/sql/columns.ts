import { toTimestamptz } from '@synap/postgres'

/**
 * A column of a set of rows: name, Postgres type, and how to get its value from a row. `timestamptz` is given in
 * milliseconds since 1970, `date` as `YYYY-MM-DD`, `jsonb` as a value.
 */
export type Column<Row> = readonly [name: string, type: string, value: (row: Row) => unknown]

/** Rows as parameters, one array for each column, so that a statement has the same text for any number of rows. */
export interface RowSet {
  /** `unnest($1::uuid[], $2::text[]) as r(id, name)` */
  from: string
  /** `id, name` */
  names: string
  values: unknown[][]
}

/** Arrays cannot be columns: `unnest` would flatten them. */
export function toRowSet<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): RowSet {
  const names = columns.map(([name]) => name).join(', ')
  const parameters = columns.map(([, type], index) => `$${index + 1}::${type}[]`)
  return {
    from: `unnest(${parameters.join(', ')}) as r(${names})`,
    names,
    values: columns.map(([, type, value]) => rows.map((row) => parameterOf(type, value(row)))),
  }
}

function parameterOf(type: string, value: unknown): unknown {
  if (type === 'jsonb') return JSON.stringify(value)
  return type === 'timestamptz' && value !== null ? toTimestamptz(value as number) : value
}
