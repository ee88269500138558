/** What `--help` prints: every variable, its default, and the calls. */
export const HELP = `rescind sample API: the smallest API that embeds a replica.

Environment:
  RESCIND_HOST            address to listen on (127.0.0.1)
  RESCIND_PORT            port to listen on; 0 takes a free one (8081)
  RESCIND_NAME            the replica's name, 1 to 64 of A-Z a-z 0-9 _ - (made up)
  NATS_URL                servers of the log, with commas (nats://127.0.0.1:4222)
  NATS_CREDS              content of a .creds file to authenticate with there; or NATS_CREDS_FILE
  RESCIND_STREAM          name of the stream (RESCIND)
  RESCIND_SUBJECT_PREFIX  what its subjects begin with (rescind), as the publisher was told
  RESCIND_SNAPSHOT_URL    the publisher's /v1/snapshot (required)
  RESCIND_SNAPSHOT_TOKEN  key with scope snapshot:read, if the publisher asks for one; or RESCIND_SNAPSHOT_TOKEN_FILE
  RESCIND_ISSUER          exact iss of the tokens (required)
  RESCIND_AUDIENCE        what the tokens name in aud (required)
  RESCIND_JWKS_URL        where the issuer publishes its keys (required)
  RESCIND_ALGORITHMS      accepted signature algorithms, with commas (ES256)
  RESCIND_MAX_EXPIRY      longest life of a token, such as 15m or 1h (required)
  RESCIND_WHEN_UNKNOWN    reject or accept, when the replica cannot know (required)
  RESCIND_STALE_AFTER_MS  age of the last proof above which it cannot know (15000)
  RESCIND_LOG_LEVEL       fatal, error, warn, info, debug, trace or silent (info)

Calls:
  GET /whoami   200 with the token's sub, 401 with a challenge, or 503
  GET /replica  the replica's status
  GET /livez    200 while the process runs
  GET /readyz   200 while the replica is live, else 503

Logs are JSON lines on standard output; the one with "msg":"listening" has the "url". SIGTERM or SIGINT stops it, a
second one at once. A mistake in the configuration ends it with exit code 2.
`
