/** What `--help` prints: every variable, its default, and the calls. */
export const HELP = `rescind publisher: records revocations, broadcasts them, serves snapshots.

Options:
  --help                      this text
  --print-config              the configuration as it was understood, without secrets
  --new-key NAME --scope S …  makes a key; S: revocations:write, revocations:read, snapshot:read
  --new-nkey                  makes a key for one more user of the broker
  --setup DIR [--route H:P …] makes the secrets of a first deployment in DIR and keeps those that are there;
                              --route: where each server of a cluster finds the others (nats-1:6222 to nats-3:6222)

Environment (those marked * can be given as NAME_FILE, the path of a file with the content):
  RESCIND_HOST                address to listen on (127.0.0.1); any other than loopback requires keys or an admin issuer
  RESCIND_PORT                port to listen on; 0 takes a free one (8080)
  RESCIND_KEYS *              JSON array of { "name", "hash", "scopes" }; --new-key prints one
  RESCIND_ISSUERS *           JSON array of { "iss", "maxExpiry", "maxSession"?, "clockSkew"?, "leeway"? },
                              durations such as "500ms", "15m", "1h", "30d"
  RESCIND_ISSUER              or, for one issuer: the exact iss of its tokens,
  RESCIND_MAX_EXPIRY          the longest life of its tokens (exp - iat),
  RESCIND_MAX_SESSION         of its sessions (30d),
  RESCIND_CLOCK_SKEW          added to now for a default issuedBefore (0s),
  RESCIND_LEEWAY              and how long facts outlive tokens (60s)
  RESCIND_STORE_DIR           folder in which what was answered for is kept (required); one publisher at a time, on a disk
                              that outlives the process
  RESCIND_RETENTION           how long facts can be looked up after they have expired (30d)
  RESCIND_AUDIT_RETENTION     how long it is kept who did what (400d)
  RESCIND_ADMIN_ISSUER        whose tokens sign on, beside the keys: one of the issuers above (nobody's)
  RESCIND_ADMIN_AUDIENCE      what these tokens name in aud,
  RESCIND_ADMIN_JWKS_URL      where the issuer publishes its keys,
  RESCIND_ADMIN_ALGORITHMS    what they may be signed with, with commas (ES256,RS256),
  RESCIND_ADMIN_TYP           and the typ that their header must have, such as at+jwt (any)
  RESCIND_RATE_LIMIT          requests that one key or admin may make in a second, and at once; 0 turns it off (2500)
  RESCIND_TRUSTED_PROXIES     proxies whose X-Forwarded-For is believed: addresses and ranges, with commas (none)
  NATS_URL                    servers of the log, with commas (nats://127.0.0.1:4222)
  NATS_USER, NATS_PASSWORD *  how to authenticate there; or NATS_TOKEN *, NATS_NKEY * (seed), NATS_CREDS * (content)
  NATS_TLS                    true demands TLS
  NATS_TLS_CA_FILE            paths in PEM; NATS_TLS_CERT_FILE and NATS_TLS_KEY_FILE for a client's certificate
  NATS_INBOX_PREFIX           where answers come from the broker (_INBOX_publisher)
  RESCIND_STREAM              name of the stream (RESCIND)
  RESCIND_SUBJECT_PREFIX      what its subjects begin with (rescind); another stream in one account needs another
  RESCIND_IMPORTED            true: another account of the broker holds the stream and exports it to ours (false)
  RESCIND_STREAM_REPLICAS     copies of a new stream: 1, 3 or 5 (1)
  RESCIND_STREAM_MAX_BYTES    size cap of a new stream (1 GiB)
  RESCIND_SHUTDOWN_DELAY_MS   how long a stopping publisher goes on serving, not ready (0)
  RESCIND_LOG_LEVEL           fatal, error, warn, info, debug, trace or silent (info)
  RESCIND_LOG_HASH_KEY *      for the short hashes of tokens and subjects in log lines, at least 16 characters (random)
  OTEL_EXPORTER_OTLP_ENDPOINT where metrics are sent to by OTLP, http/protobuf; and OpenTelemetry's other variables (nowhere)

Calls:
  POST /v1/revocations  record and broadcast one, or an array of which all are taken or none
                        (application/x-ndjson: any number, a line each); ?wait=enforced, ?dryRun=true
  POST /v1/lifts        take back what a match and mode, or one id, revoked so far
  POST /v1/check        what would happen to a token with these claims, and by which revocations
  GET  /v1/revocations  what was revoked, the newest first; /{id}: one, and who has applied it
  GET  /v1/events       revocations and lifts as they come, as Server-Sent Events
  GET  /v1/audit        who did what at this publisher
  GET  /v1/snapshot     all live facts at a cursor, for replicas that start
  GET  /v1/replicas     who follows; DELETE /{id}: dismiss one that is gone for good
  GET  /metrics         all numbers, as Prometheus text
  GET  /openapi.json    all calls, as OpenAPI 3.1
  GET  /livez /readyz   200 while the process runs; 200 while it broadcasts what it records, else 503 with reasons

Logs are JSON lines on standard output; the one with "msg":"listening" has the "url". SIGTERM or SIGINT stops it, a
second one at once. A mistake in the configuration ends it with exit code 2.
`
