/** What `--help` prints: every variable, its default, and the calls. */
export const HELP = `rescind sample API: the smallest API that embeds a replica.

Environment (those marked * can be given as NAME_FILE, the path of a file with the content):
  RESCIND_HOST            address to listen on (127.0.0.1)
  RESCIND_PORT            port to listen on; 0 takes a free one (8081)
  RESCIND_NAME            the replica's name, 1 to 64 of A-Z a-z 0-9 _ - (made up); the broker's name for its user
  NATS_URL                servers of the log, with commas (nats://127.0.0.1:4222)
  NATS_USER               how to authenticate there, with NATS_PASSWORD *;
  NATS_NKEY *             or by the seed of an nkey, NATS_CREDS * (content of a .creds file), or NATS_TOKEN *
  NATS_TLS                true demands TLS
  NATS_TLS_CA_FILE        paths in PEM; NATS_TLS_CERT_FILE and NATS_TLS_KEY_FILE for a client's certificate
  NATS_INBOX_PREFIX       where answers come from the broker (_INBOX_ and the name)
  RESCIND_STREAM          name of the stream (RESCIND)
  RESCIND_SUBJECT_PREFIX  what its subjects begin with (rescind), as the publisher was told
  RESCIND_IMPORTED        true: another account of the broker holds the stream and exports it to ours (false)
  RESCIND_SNAPSHOT_URL    the publisher's /v1/snapshot (required)
  RESCIND_SNAPSHOT_TOKEN * key with scope snapshot:read, if the publisher asks for one
  RESCIND_ISSUER          exact iss of the tokens (required)
  RESCIND_AUDIENCE        what the tokens name in aud (required)
  RESCIND_JWKS_URL        where the issuer publishes its keys (required)
  RESCIND_ALGORITHMS      accepted signature algorithms, with commas (ES256)
  RESCIND_MAX_EXPIRY      longest life of a token, such as 15m or 1h (required)
  RESCIND_WHEN_UNKNOWN    reject or accept, when the replica cannot know (required)
  RESCIND_STALE_AFTER_MS  age of the last proof above which it cannot know (15000)
  RESCIND_LOG_LEVEL       fatal, error, warn, info, debug, trace or silent (info)
  RESCIND_LOG_HASH_KEY *  for the short hashes of tokens and subjects in log lines, at least 16 characters (random)
  OTEL_EXPORTER_OTLP_ENDPOINT  where metrics are sent to by OTLP; and OpenTelemetry's other variables (nowhere)

Calls:
  GET /whoami   200 with the token's sub, 401 with a challenge, or 503
  GET /replica  the replica's status
  GET /metrics  all numbers, as Prometheus text
  GET /livez    200 while the process runs
  GET /readyz   200 while the replica is live, else 503

Logs are JSON lines on standard output; the one with "msg":"listening" has the "url". SIGTERM or SIGINT stops it, a
second one at once. A mistake in the configuration ends it with exit code 2.
`
