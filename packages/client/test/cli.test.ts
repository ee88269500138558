import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { rescind } from './run-cli.ts'
import { BROADCAST, CURSOR, json, LIFT, LISTED, problem, REVOCATION, scripted } from './scripted-publisher.ts'

const RECEIPT = { confirmed: [{ replica: 'api-1', ms: 8.6 }], pending: ['api-2'], fenced: [], unproved: ['api-3'] }

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function token(payload: object): string {
  return `${part({ alg: 'ES256', kid: 'k1' })}.${part(payload)}.c2lnbmF0dXJl`
}

async function folder(context: TestContext): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'rescind-cli-'))
  context.after(() => rm(made, { recursive: true }))
  return made
}

describe('rescind revoke', { concurrency: 2 }, () => {
  it('shows the mode that was chosen (R3), when tokens pass again (R4), and the id', async (context) => {
    const { url, heard } = await scripted(context, [json(201, BROADCAST)])
    const args = [
      'revoke',
      'sub',
      'ann',
      '--reason',
      'password_changed',
      '--except-sid',
      's1',
      '--before',
      '1769860800',
    ]
    const { exitCode, out, err } = await rescind([...args, '--note', 'n', '--on-behalf-of', 'bob'], { url })
    assert.equal(exitCode, 0, err)
    assert.match(out, /broadcast +cutoff +sub=ann +https:\/\/id\.example +password_changed/)
    assert.match(out, /from 2026-01-31T12:00:01Z on pass again \(iat 1769860801\)/)
    assert.ok(out.includes(REVOCATION.id))
    assert.equal(err, '')
    assert.deepEqual(JSON.parse(heard[0]?.body ?? ''), {
      match: { sub: 'ann' },
      reason: 'password_changed',
      except: { sid: ['s1'] },
      issuedBefore: '2026-01-31T12:00:00.000Z',
      note: 'n',
      onBehalfOf: 'bob',
    })
  })

  it('exits 124 with the id and the stragglers if --wait is in vain, 0 if it is not', async (context) => {
    const enforced = { ...RECEIPT, pending: [], unproved: [] }
    const { url, heard } = await scripted(context, [
      json(201, { ...BROADCAST, receipt: RECEIPT }),
      json(201, { ...BROADCAST, state: 'enforced', receipt: enforced }),
    ])
    const late = await rescind(['revoke', 'sid', 's1', '--wait=3', '--timeout', '5s'], { url })
    assert.equal(late.exitCode, 124)
    assert.equal(heard[0]?.path, '/v1/revocations?wait=enforced&timeoutMs=5000&minReplicas=3')
    assert.match(late.err, /not confirmed in time by: api-2, api-3/)
    assert.ok(late.err.includes(REVOCATION.id))
    assert.match(late.out, /1 of 3 replicas confirmed, the slowest after 8.6 ms/)
    const done = await rescind(['revoke', 'sid', 's1', '--wait', '--quiet'], { url })
    assert.deepEqual(done, { exitCode: 0, out: `${REVOCATION.id}\n`, err: '' })
    assert.equal(heard[1]?.path, '/v1/revocations?wait=enforced')
  })

  it('takes 202 for done, and says what it means', async (context) => {
    const { at: _, ...revocation } = REVOCATION
    const { url } = await scripted(context, [json(202, { state: 'recorded', revocations: [revocation] })])
    const { exitCode, out } = await rescind(['revoke', 'sub', 'ann'], { url })
    assert.equal(exitCode, 0)
    assert.match(out, /recorded: on the publisher's disk; it goes out by itself/)
  })

  it('revokes a token from stdin by its jti, and never sends or shows it', async (context) => {
    const { url, heard } = await scripted(context, [json(201, BROADCAST)])
    const text = token({ iss: 'https://id.example', jti: 'j1', sub: 'ann', exp: 1_769_863_600 })
    const { exitCode, out, err } = await rescind(['revoke', 'token', '-'], { url, stdin: `Bearer ${text}\n` })
    assert.equal(exitCode, 0, err)
    assert.match(err, /decoded, not verified/)
    const expected = { match: { jti: 'j1' }, iss: 'https://id.example', tokenExp: 1_769_863_600 }
    assert.deepEqual(JSON.parse(heard[0]?.body ?? ''), expected)
    for (const secret of text.split('.')) assert.ok(!(out + err + JSON.stringify(heard)).includes(secret))
  })

  it('refuses a token without jti with what to do, and a token or key on the command line unseen', async (context) => {
    const { url, heard } = await scripted(context, [json(201, BROADCAST)])
    const text = token({ iss: 'https://id.example', sid: 's1', sub: 'ann' })
    const without = await rescind(['revoke', 'token', '-'], { url, stdin: text })
    assert.equal(without.exitCode, 5)
    assert.match(without.err, /no jti.*rescind revoke sid "s1".*rescind revoke sub "ann"/)
    for (const args of [
      ['revoke', 'sub', text],
      ['check', text],
      ['revoke', 'claim', `a=${text}`],
      ['list', '--actor', text],
    ]) {
      const { exitCode, err } = await rescind(args, { url })
      assert.equal(exitCode, 2)
      assert.match(err, /looks like a token.*\n.*on stdin/)
      assert.ok(!err.includes('eyJ'))
    }
    const key = await rescind(['revoke', 'sub', 'ann', '--key', 'rsk_secret'], { url })
    assert.equal(key.exitCode, 2)
    assert.match(key.err, /RESCIND_KEY_FILE/)
    assert.ok(!key.err.includes('rsk_secret'))
    assert.equal(heard.length, 0)
  })

  it('says how to confirm what reaches many tokens, and confirms with --yes and --iss', async (context) => {
    const { url, heard } = await scripted(context, [problem(428, 'confirmation_required'), json(201, BROADCAST)])
    const asked = await rescind(['revoke', 'all'], { url })
    assert.equal(asked.exitCode, 5)
    assert.match(asked.err, /\(every token\)\n.*add --confirm ISSUER/)
    const done = await rescind(['revoke', 'client', 'app', '--yes', '--iss', 'https://id.example'], { url })
    assert.equal(done.exitCode, 0)
    const expected = { iss: 'https://id.example', match: { client_id: 'app' }, confirm: 'https://id.example' }
    assert.deepEqual(JSON.parse(heard[1]?.body ?? ''), expected)
  })

  it('shows with --dry-run what would be', async (context) => {
    const { id: _, at: __, ...planned } = { ...REVOCATION, liveFacts: 2 }
    const { url, heard } = await scripted(context, [json(200, { dryRun: true, revocations: [planned], replicas: 12 })])
    const { exitCode, out } = await rescind(['revoke', 'claim', 'device_id=d1', 'level=3', 'n="4"', '--dry-run'], {
      url,
    })
    assert.equal(exitCode, 0)
    assert.equal(heard[0]?.path, '/v1/revocations?dryRun=true')
    assert.deepEqual(JSON.parse(heard[0]?.body ?? ''), { match: { device_id: 'd1', level: 3, n: '4' } })
    assert.match(out, /dry_run +cutoff.* 2\n.*12 replicas would count/)
  })
})

describe('rescind', { concurrency: 2 }, () => {
  it('has an exit code for each kind of failure', async (context) => {
    const cases = [
      [problem(401, 'invalid_credentials'), 4],
      [problem(403, 'insufficient_scope'), 4],
      [problem(404, 'not_found'), 3],
      [problem(422, 'invalid_revocation'), 5],
      [problem(507, 'store_full'), 5],
      [problem(500, 'internal'), 1],
    ] as const
    const { url } = await scripted(
      context,
      cases.map(([answerer]) => answerer),
    )
    for (const [, expected] of cases) {
      const { exitCode, err, out } = await rescind(['show', 'x'], { url })
      assert.equal(exitCode, expected, err)
      assert.match(err, /^rescind: [a-z_]+: because of/)
      assert.equal(out, '')
    }
  })

  it('suggests what was meant', async () => {
    for (const [args, hint] of [
      [['revok', 'sub', 'ann'], /did you mean revoke\?/],
      [['revoke', 'sib', 'ann'], /did you mean (sid|sub)\?/],
      [['revoke', 'sub', 'ann', '--resaon', 'other'], /did you mean --reason\?/],
      [['revoke', 'sub', 'ann', '--reason', 'pasword_changed'], /did you mean password_changed\?/],
      [['revoke', 'sub', ''], /an id is empty/],
      [['lift', 'sub', 'ann'], /--mode: say cutoff or block/],
      [['list', '--state', 'liv'], /--state: "liv" is none: did you mean live/],
      [['list', '--output', 'xml'], /table, json or ndjson/],
      [['show'], /rescind show ID/],
      [['revoke', 'sub', 'ann', '--before', 'yesterday'], /with its zone/],
    ] as const) {
      const { exitCode, err, out } = await rescind(args)
      assert.equal(exitCode, 2, err)
      assert.match(err, hint)
      assert.equal(out, '')
    }
  })

  it('helps with examples first, and each option', async () => {
    const general = await rescind(['--help'])
    assert.equal(general.exitCode, 0)
    assert.match(general.out, /rescind revoke sub ann[\s\S]+Commands[\s\S]+RESCIND_KEY_FILE[\s\S]+124/)
    const help = await rescind(['revoke', '--help'])
    assert.match(help.out, /Examples:[\s\S]+Usage:[\s\S]+--reason[\s\S]+--wait/)
    assert.ok(!help.out.includes('--key '))
  })

  it('reads the key from a file', async (context) => {
    const { url, heard } = await scripted(context, [json(200, { replicas: [] })])
    const file = path.join(await folder(context), 'key')
    await writeFile(file, 'rsk_from_file\n')
    const env = { RESCIND_KEY: '', RESCIND_KEY_FILE: file }
    assert.equal((await rescind(['--', 'replicas'], { url, env })).exitCode, 0)
    assert.equal(heard[0]?.headers.authorization, 'Bearer rsk_from_file')
    const both = await rescind(['replicas'], { url, env: { RESCIND_KEY_FILE: file } })
    assert.equal(both.exitCode, 2)
    const none = await rescind(['replicas'], { url, env: { RESCIND_KEY: '', RESCIND_KEY_FILE: `${file}x` } })
    assert.match(none.err, /RESCIND_KEY_FILE: cannot read/)
  })

  it('checks a token or claims on stdin: 10 if revoked, 1 if unknown', async (context) => {
    const { state: _, ...cause } = { ...LISTED, note: 'line\u001b[2J' }
    const revoked = { kind: 'revoked', reason: 'logged_out', mode: 'cutoff', claims: ['sub'] }
    const { url, heard } = await scripted(context, [
      json(200, { verdict: revoked, causes: [cause] }),
      json(200, { verdict: { kind: 'unknown', cause: 'stale' }, causes: [] }),
      json(200, { verdict: { kind: 'active' }, causes: [] }),
    ])
    const first = await rescind(['check', '-'], { url, stdin: token({ sub: 'ann' }) })
    assert.equal(first.exitCode, 10)
    assert.match(first.out, /^revoked: cutoff, logged_out, matched by sub\n[\s\S]+admin/)
    assert.ok(!first.out.includes('\u001b'), 'what others wrote does not reach the terminal as it is')
    assert.deepEqual(JSON.parse(heard[0]?.body ?? ''), { claims: { sub: 'ann' }, header: { alg: 'ES256', kid: 'k1' } })
    assert.equal((await rescind(['check', '-'], { url, stdin: '{"sub":"ann"}' })).exitCode, 1)
    const last = await rescind(['check', '-', '-o', 'json'], { url, stdin: '{"claims":{"sub":"a"},"header":{}}' })
    assert.equal(last.exitCode, 0)
    assert.deepEqual(JSON.parse(last.out), { verdict: { kind: 'active' }, causes: [] })
    assert.deepEqual(JSON.parse(heard[2]?.body ?? ''), { claims: { sub: 'a' }, header: {} })
    assert.equal((await rescind(['check', '-'], { url, stdin: 'nonsense' })).exitCode, 5)
  })

  it('lifts by id, and by match and mode', async (context) => {
    const lifted = [{ id: REVOCATION.id, reason: 'account_blocked', at: REVOCATION.at }]
    const { url, heard } = await scripted(context, [
      problem(409, 'lift_ambiguous'),
      json(201, { state: 'broadcast', cursor: CURSOR, lift: LIFT, lifted, liftedCount: 3 }),
    ])
    const ambiguous = await rescind(['lift', REVOCATION.id], { url })
    assert.equal(ambiguous.exitCode, 5)
    assert.match(ambiguous.err, /add --all/)
    const { exitCode, out } = await rescind(['lift', REVOCATION.id, '--all'], { url })
    assert.equal(exitCode, 0)
    assert.match(out, /block +sub=ann[\s\S]+pass again[\s\S]+account_blocked[\s\S]+and 2 more/)
    assert.equal((await rescind(['lift', 'sub', 'ann', '--mode', 'block'], { url })).exitCode, 0)
    const bodies = heard.map(({ body }) => JSON.parse(body))
    assert.deepEqual(bodies.slice(1), [
      { id: REVOCATION.id, all: true },
      { match: { sub: 'ann' }, mode: 'block' },
    ])
  })

  it('lists, as a table, as JSON, as lines, and no more than --limit', async (context) => {
    const page = json(200, { revocations: [LISTED, { ...LISTED, id: 'second' }], next: 'p2' })
    const { url, heard } = await scripted(context, [page])
    const table = await rescind(['list', 'sub=ann', '--state', 'live', '--limit', '1'], { url })
    assert.match(table.out, /^STATE +MODE[\s\S]+live +cutoff +sub=ann/)
    assert.ok(!table.out.includes('second'))
    assert.match(table.err, /more than 1/)
    assert.match(heard[0]?.path ?? '', /state=live.*claim\.sub=%22ann%22/)
    const array = await rescind(['list', '--limit', '3', '--output', 'json'], { url })
    assert.equal(JSON.parse(array.out).length, 3)
    const lines = await rescind(['list', '--limit', '3', '--output', 'ndjson'], { url })
    assert.equal(
      lines.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)).length,
      3,
    )
  })

  it('ends quietly when nobody reads any more (EPIPE), and with 130 at Ctrl-C', async (context) => {
    let turn = 0
    const { url } = await scripted(context, [
      (response, ...heard) =>
        json(200, { revocations: Array(100).fill(LISTED), next: `more${turn++}` })(response, ...heard),
    ])
    const piped = await rescind(['list', '--limit', 'all'], { url, onOutput: (_, child) => child.stdout?.destroy() })
    assert.deepEqual([piped.exitCode, piped.err], [0, ''])
    const stream = await scripted(context, [
      (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders(),
    ])
    let isAsked = false
    const onOutput = ({ err }: { err: string }, child: { kill(signal: 'SIGINT'): unknown }) => {
      if (isAsked || !err.includes('following')) return
      isAsked = true
      child.kill('SIGINT')
    }
    const watched = await rescind(['watch'], { url: stream.url, onOutput })
    assert.equal(watched.exitCode, 130)
    assert.match(watched.err, /ended before it was done/)
  })

  it('shows who follows, dismisses, tells the status', async (context) => {
    const checks = [{ name: 'log', ok: false, code: 'ERR_LOG_UNAVAILABLE', detail: 'no broker' }]
    const { url, heard } = await scripted(context, [
      (response) => void response.writeHead(204).end(),
      json(503, { status: 'not_ready', checks }),
    ])
    assert.deepEqual(await rescind(['dismiss', 'r1'], { url }), { exitCode: 0, out: '', err: 'dismissed r1\n' })
    assert.equal(heard[0]?.path, '/v1/replicas/r1')
    const status = await rescind(['status'], { url })
    assert.equal(status.exitCode, 1)
    assert.match(status.out, /not_ready[\s\S]+failed +log +ERR_LOG_UNAVAILABLE +no broker/)
  })
})

describe('rescind lift --dry-run', () => {
  it('tells what would pass again', async (context) => {
    const { iss, match, mode, expiresAt } = LIFT
    const lifted = [{ id: REVOCATION.id, reason: 'account_blocked', at: REVOCATION.at }]
    const planned = { dryRun: true, lift: { iss, match, mode, expiresAt }, lifted, liftedCount: 2, replicas: 3 }
    const { url, heard } = await scripted(context, [json(200, planned)])
    const { exitCode, out, err } = await rescind(['lift', 'sub', 'ann', '--mode', 'block', '--dry-run'], { url })
    assert.equal(exitCode, 0, err)
    assert.match(out, /would pass again:\n.+account_blocked.+\n +and 1 more\ndry run: nothing was recorded; 3 replicas/)
    assert.equal(heard[0]?.path, '/v1/lifts?dryRun=true')
  })
})

describe('rescind import', () => {
  const head = { 'content-type': 'application/x-ndjson' }
  const counts = { recorded: 38, repeated: 0, nothingToDo: 0, rejected: 2 }
  const line = (value: object) => `${JSON.stringify(value)}\n`
  const wrong = (number: number) =>
    line({
      type: 'rejected',
      line: number,
      code: 'invalid_revocation',
      errors: [{ pointer: '/match', code: 'required', detail: 'is required' }],
    })

  it('goes on after refused lines and after a cut, keeps the refused ones, says how far it is', async (context) => {
    const file = path.join(await folder(context), 'all.ndjson')
    const rejects = `${file}.rejects`
    await writeFile(file, line({ match: { sub: 'ann' } }).repeat(40))
    const { url, keys, heard } = await scripted(context, [
      (response) => {
        response.writeHead(200, head)
        response.write(wrong(3) + line({ type: 'progress', lines: 10, recorded: 9, rejected: 1 }), () =>
          response.destroy(),
        )
      },
      (response) => {
        const progress = [10, 20, 30, 40].map((lines) =>
          line({ type: 'progress', lines, recorded: lines, rejected: 2 }),
        )
        const last = line({ type: 'summary', state: 'broadcast', lines: 40, ...counts })
        response.writeHead(200, head).end(wrong(3) + wrong(7) + progress.join('') + last)
      },
    ])
    const { exitCode, out, err } = await rescind(['import', file, '--rejects', rejects], { url })
    assert.equal(exitCode, 5, err)
    assert.match(out, /broadcast +lines 40 +recorded 38 +repeated 0 +nothing to do 0 +rejected 2/)
    assert.match(err, /uploading under the idempotency key [0-9a-f-]{36}\n/)
    assert.match(err, /cut: .*sending again under the same key/)
    assert.match(err, /50 % {2}20 lines, 2 rejected\n[\s\S]+100 % {2}40 lines/)
    assert.deepEqual(
      (await readFile(rejects, 'utf8'))
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text).line),
      [3, 7],
    )
    assert.equal(new Set([...keys, heard[0]?.headers['idempotency-key']]).size, 1)
    assert.equal(heard[1]?.body.split('\n').length, 41)
  })

  it('does not say "confirmed" of lines that an earlier upload brought, without a receipt', async (context) => {
    const repeated = { lines: 1, recorded: 0, repeated: 1, nothingToDo: 0, rejected: 0 }
    const { url } = await scripted(context, [
      (response) =>
        void response.writeHead(200, head).end(line({ type: 'summary', state: 'nothing_to_do', ...repeated })),
    ])
    const args = ['import', '-', '--idempotency-key', 'k1']
    const waited = await rescind([...args, '--wait'], { url, stdin: '{"match":{"sub":"ann"}}' })
    assert.equal(waited.exitCode, 124)
    assert.match(waited.err, /an earlier upload brought these lines/)
    assert.equal((await rescind(args, { url, stdin: '{"match":{"sub":"ann"}}' })).exitCode, 0)
  })

  it('reads stdin, shows refused lines, and tells a file that is not there', async (context) => {
    const { url, heard } = await scripted(context, [
      (response) =>
        void response
          .writeHead(200, head)
          .end(wrong(1) + line({ type: 'summary', state: 'broadcast', lines: 1, ...counts })),
    ])
    const { exitCode, err } = await rescind(['import', '-', '--idempotency-key', 'k1'], { url, stdin: '{"match":' })
    assert.equal(exitCode, 5)
    assert.match(err, /line 1: \/match is required/)
    assert.equal(heard[0]?.body, '{"match":\n')
    assert.equal(heard[0]?.headers['idempotency-key'], 'k1')
    const gone = await rescind(['import', '/nowhere/x.ndjson'], { url })
    assert.deepEqual([gone.exitCode, /cannot read \/nowhere/.test(gone.err)], [1, true])
  })
})
