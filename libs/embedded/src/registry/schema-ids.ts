/**
 * SHA-256 of every schema that ever got an id in the embedded log; the first has id 1. Written by
 * `node libs/embedded/src/registry/generate-schema-ids.ts`, which only adds: an id stands in stored records.
 */
export const schemaFingerprints: readonly string[] = [
  '9ee9cd3d7fe1976d29b6362d6ad672903b0bbc6f69ca63530535031bf72abf0a', // 1 EntityCreated
  '829979dc94533f75937fa39676405883cb704db44f073a43861af3e48aadf8bf', // 2 EntityDeleted
  '163f1edf894a6c158ce62d4c8352b3144a34ae9dea8db74cf0407838df4aad2a', // 3 EntityRestored
  '6a579ed11e24a12961a249a7702727526e5031ab32aad1f52f4d1a155777922e', // 4 EntityPurged
  'ed4493b98f70a08437c40cf92201eedef27d164662b81b5f2866b31e36557b9f', // 5 EntityTitleChanged
  '45ab0b5575317a14bec4fbe08f0088228087286c4518d865d29a7934728adee3', // 6 EntityTypeChanged
  'f88e116db51cadf2b2c9da9e4a1df79c60ad30909b0c44f52b259ed48a478031', // 7 EntityFileUploaded
  '314fc0f6c28e357d95987dd87fafa17fa81d0c9b30cc3b4684ebd6b4de1ff60e', // 8 EntityFileDeleted
  '6a120135f56483b54a4d8a3fd1f71f02a6959afad128965d357862351d553b6d', // 9 EntityAttachmentAdded
  'e63852b1450957ddc7c67fc6d6b00a6569b1227b1def5cef4d92e9521c6b9dd7', // 10 EntityAttachmentRemoved
  '43e91d04bf3f3a1e98537e78ef7390ac3af79c407da9760384219377553fa62f', // 11 EntityTagAdded
  'd5226f36bc87dd6c97da87ed66259d7188c3e58e46b6af3c65a27346de95d875', // 12 EntityTagRemoved
  '69b64774338c12f4c96a9f710abf30d8a33d4aaa47d64e77311df4e178462f60', // 13 EntitySuggestionRejected
  'fbbeb2c016c362391d6e3ffa75ed47c543973f6a6a6bd42eac77aca21ef49792', // 14 EntityUpdated
  '31485fe40eb16c56f35feb5413a2a43ef432b59e8515b7faf49c0414c771be73', // 15 TaskStatusChanged
  '75ec2ee3aa2d6294c8adc00dc288c649c54b91c9e67ef4e0986829a3f5bb0136', // 16 TaskCompleted
  '3365dc4ff4069f8b082829c3b528aa553e98f26b32fe1ae137609f789814046a', // 17 TaskDueDateSet
  'fa59ed38dfbe995316bab9b60126b86965ddfcc47bc26de6218cc8528612e1b8', // 18 TaskPrioritySet
  'fe3366aa8268aace94ddc4b6a72badabc45587640dbd1ed94ec7bffdad14e2b9', // 19 RelationCreated
  'd4fc09405e2abc031a785f1b91ade11f6963ef2b4d9d40cdd31d1cfa1ad376a4', // 20 RelationDeleted
  'c16a97510fab4aed0776cf46a89231dfda7d140a228fe1b91e7b81956807d743', // 21 TagRenamed
  'cf55a2039fa7c348de9e7ca0ffb098cbf7bd73eea876b16348db6d460be9e69d', // 22 TagRecolored
  '3c908929b264ff5c8aeed3ba412b5678dba5b1c9d0d722e7d9cf477f4112e393', // 23 TagMerged
  '7bd37f05b12160e12dbddadf70ab98012cadfe87caa9e53bd7c091ecb3acbe19', // 24 UserSettingsChanged
  '0cae5790529d9aaa3a404050d2526146e54a73c37877b691911f338b298c6c41', // 25 UserErased
  '41dc41e388b56a9d8ac4faa5ffd565f0c3f4e2684cf15cdd89a53ffb94f8cd9a', // 26 AiAnalysisRequested
  '56042d500620430157b410ca978c6d6a767eb2a64d1cb760d56c93db010469bd', // 27 AiAnalysisCompleted
  '0a71eed545f789a86b90643e57badcb5dc8ddcb7725bb7c58ef401dd5a4b69e2', // 28 AiAnalysisFailed
  '20ecd19c8d4e2633658b952d3ad3314d7619d3844f7804863d2472695a4ba5fb', // 29 AiEnrichmentApplied
  '0de721262ca884cd3159995cd396aa9661a56f6062e2ac27c475a2119e5bb747', // 30 Extracted
  '6e139fbb5214455dbc4118f8f9049ed997a60f5bc825823284171e478ca71d0a', // 31 Embedded
  '6307a61c8cb7e19da69449817b95fafffb6f9766cfde4562c71ef26f56d2398f', // 32 EntityFileUploaded
  'f81c02fef57dbc7e720ed40ccfdfdcf00e2f9adcf01d5fce32efa97833c7bbc5', // 33 EntityFileDeleted
  'c7ce8a9fb1a74a73917d337709636efc0bba39ec5992b8af6a96eb8c8079366f', // 34 AiAnalysisFailed
  'd71e061260a2ac3d7693d836c5c950330af29c132c5d49da22708e996b35454e', // 35 ModelChosen
  '87e0758bcbd259ed4abd2fc1b66458ebe5d0274ba78602f5311b78d54eb1112a', // 36 EntitySuggestionRejected
  '4fd1e6b3f048109c549d905a30a3e9a92405ecfefad1568826704898fc563d83', // 37 AiEnrichmentApplied
  'c9b9fd786bd3c02eecbdb3c2a48a1d989abc9cf087d8d90047e0939ef8aa712b', // 38 EntityCreated
  '49d941ffaa95e507afcb3fe7a51689d4f73e918751e372e13cc25ce59c25e8f8', // 39 EntityFileUploaded
  '5894d3cb1645e6f796203940aaa43418d8cf4494f42e6aa6280c8aa2929325a8', // 40 AiAnalysisCompleted
]
