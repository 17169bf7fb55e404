import type { ServerSettings } from '../server.ts'

/** Environment of Apicurio Registry with its store in Postgres, in a database and under a role of its own. */
export function registryEnvironment(settings: ServerSettings, postgres: string): Record<string, string> {
  return {
    APICURIO_STORAGE_KIND: 'sql',
    APICURIO_STORAGE_SQL_KIND: 'postgresql',
    APICURIO_DATASOURCE_URL: `jdbc:postgresql://${postgres}/registry`,
    APICURIO_DATASOURCE_USERNAME: 'registry',
    APICURIO_DATASOURCE_PASSWORD: settings.secrets.registryPassword,
    APICURIO_DATASOURCE_JDBC_INITIAL_SIZE: '2',
    APICURIO_DATASOURCE_JDBC_MIN_SIZE: '2',
    APICURIO_DATASOURCE_JDBC_MAX_SIZE: '10',
    QUARKUS_HTTP_ACCESS_LOG_ENABLED: 'false',
  }
}
