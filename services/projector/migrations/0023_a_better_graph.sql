-- More neighbours are tried for each vector that comes into the index: with 64 one of 25 of the nearest was not to be found by
-- any search, however long. What is in the graph stays as it was linked: `reindex index concurrently` makes it anew, and so does
-- a rebuild of the read model. Standalone has no such index.

alter index if exists read_v1.entity_vectors_hnsw set (ef_construction = 200);
