/** What `--help` prints: every variable, its default, and the calls. */
export const HELP = `rescind demo issuer: FOR DEMONSTRATIONS ONLY. It gives a token for any subject to anyone who asks.

Environment:
  RESCIND_HOST       address to listen on (127.0.0.1)
  RESCIND_PORT       port to listen on; 0 takes a free one (8082)
  RESCIND_ISSUER     exact iss of its tokens (https://demo-issuer.example)
  RESCIND_AUDIENCE   their aud (demo-api)
  RESCIND_LOG_LEVEL  fatal, error, warn, info, debug, trace or silent (info)

Calls:
  GET /jwks.json      its public key; the private one lives in memory and ends with the process
  GET /token?sub=ann  a token of 15 minutes as plain text; with Accept: application/json its sub, jti and iat, too;
                      &sid= and &client_id= put these into it
  GET /livez /readyz  200 while the process runs

Logs are JSON lines on standard output; the one with "msg":"listening" has the "url". SIGTERM or SIGINT stops it, a
second one at once. A mistake in the configuration ends it with exit code 2.
`
