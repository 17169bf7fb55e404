import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_URL_PATH,
  ATTR_URL_SCHEME,
} from '@opentelemetry/semantic-conventions'

/** The scope of the spans made through this library: their messages are constants of ours. */
export const ownScope = 'synap'

/**
 * Names of span attributes. The messaging and gen_ai ones are still in development in OpenTelemetry's semantic
 * conventions 1.45, so they are written out here, as its maintainers advise; ours begin with `synap.`. Content never
 * becomes an attribute.
 */
export const attributes = {
  errorType: ATTR_ERROR_TYPE,
  httpMethod: ATTR_HTTP_REQUEST_METHOD,
  httpStatus: ATTR_HTTP_RESPONSE_STATUS_CODE,
  httpRoute: ATTR_HTTP_ROUTE,
  urlPath: ATTR_URL_PATH,
  urlScheme: ATTR_URL_SCHEME,
  messagingSystem: 'messaging.system',
  messagingDestination: 'messaging.destination.name',
  messagingOperation: 'messaging.operation.name',
  messagingOperationType: 'messaging.operation.type',
  messagingPartition: 'messaging.destination.partition.id',
  messagingOffset: 'messaging.kafka.offset',
  messagingConsumerGroup: 'messaging.consumer.group.name',
  messagingBatchSize: 'messaging.batch.message_count',
  messagingMessageId: 'messaging.message.id',
  genAiOperation: 'gen_ai.operation.name',
  genAiProvider: 'gen_ai.provider.name',
  genAiModel: 'gen_ai.request.model',
  genAiInputTokens: 'gen_ai.usage.input_tokens',
  genAiOutputTokens: 'gen_ai.usage.output_tokens',
  userId: 'synap.user.id',
  entityId: 'synap.entity.id',
  aggregateId: 'synap.aggregate.id',
  eventId: 'synap.event.id',
  eventType: 'synap.event.type',
  sequence: 'synap.sequence',
  version: 'synap.version',
  jobId: 'synap.job.id',
  step: 'synap.step',
  attempt: 'synap.attempt',
  errorClass: 'synap.error.class',
} as const
