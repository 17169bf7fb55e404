/** What the native provider runs. A change here makes a new folder in the cache; the old one may be deleted. */
export const versions = {
  /** Debian release and, after the dash, our own count of changes to the package list below. */
  rootfs: 'trixie-1',
  kafka: '4.3.1',
  registry: '3.3.3',
  versitygw: 'v1.7.0',
} as const

export const debianRelease = 'trixie'

export const rootfsPackages = [
  'postgresql-17',
  'postgresql-17-timescaledb',
  'postgresql-17-pgvector',
  'openjdk-21-jre-headless',
] as const

/** Debian's PostgreSQL binaries inside the root file system. */
export const postgresBin = '/usr/lib/postgresql/17/bin'
