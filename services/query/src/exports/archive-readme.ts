/** What stands in README.txt of an archive, for whoever opens it without Synap. */
export const archiveReadme = `This is everything that Synap keeps of one user, as of one moment.

manifest.json     what this is, of when, how much, and the SHA-256 of every part
entities.ndjson   every item as it is now, deleted ones too: title, tags, task, metadata, and for each
                  field who set it; what AI set or proposed says with which model and how sure it was
relations.ndjson  what is linked to what
tags.ndjson       the tags, their colours, and how many items have them
user.json         settings, and what was done to tags
files.ndjson      one line per file in content/: its item, name, media type, size and SHA-256
events.ndjson     everything that ever happened, in order; the rest can be made from it
schemas/          the Avro schemas that the events were written with, named by their SHA-256
content/          the files themselves, earlier versions too

NDJSON has one JSON document per line, UTF-8. Times are milliseconds since 1970, UTC.
What could not be exported is named in manifest.json: missingEvents, incomplete, fileProblems.

To check that all of it is here and unharmed:  ./synap export verify FILE
`
