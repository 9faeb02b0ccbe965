CREATE TABLE IF NOT EXISTS test (
  build_commit TEXT,
  avg_ts REAL
);

INSERT INTO test (build_commit, avg_ts) VALUES ('1a2b3c4d', '131.4');
