import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ANSWERS_GIVEN } from './check-answer.ts'
import { type DocumentedAnswer, documentedAnswers } from './documented-answers.ts'
import { provokeMalformed, provokeShutdown, provokeTimeouts, provokeTooManyStreams } from './provoke-http.ts'
import { provokeLifts, provokeLooks } from './provoke-looks.ts'
import { provokeDefects, provokeNoSnapshot, provokeReceipts, provokeSuccesses } from './provoke-reads.ts'
import { provokeCredentials, provokeRates, provokeTokenOutages } from './provoke-sign-on.ts'
import { provokeUploads } from './provoke-uploads.ts'
import {
  provokeClockSkew,
  provokeDiskFailures,
  provokeIdempotency,
  provokeNothingToDo,
  provokeOutages,
  provokeRules,
} from './provoke-writes.ts'

/** Each drives a publisher over HTTP; the harness holds every single answer to the document. */
const PROVOCATIONS = {
  'all is well': provokeSuccesses,
  'replicas that confirm': provokeReceipts,
  'looks at what is there': provokeLooks,
  'lifts by id, and dry runs': provokeLifts,
  'a disk that fails': provokeDiskFailures,
  'no request that can be read': provokeMalformed,
  'requests that never end': provokeTimeouts,
  'too many streams': provokeTooManyStreams,
  'requests during the stop': provokeShutdown,
  'no key, a wrong one, a foreign one': provokeCredentials,
  'tokens that cannot be judged': provokeTokenOutages,
  'too many requests': provokeRates,
  'bodies that break the rules': provokeRules,
  'idempotency keys': provokeIdempotency,
  'nothing to do': provokeNothingToDo,
  'revocations as lines': provokeUploads,
  'logs that are away or full': provokeOutages,
  'clocks that differ': provokeClockSkew,
  'no snapshot to be had': provokeNoSnapshot,
  'defects that nobody foresaw': provokeDefects,
}

test('every documented answer is really given, as its example shows it, and no other', async (t) => {
  for (const [what, provoke] of Object.entries(PROVOCATIONS)) await t.test(what, provoke)
  const documented = documentedAnswers()
  const kinds = new Set(documented.map(({ kind }) => kind))
  const never = [...kinds].filter((kind) => !ANSWERS_GIVEN.has(kind))
  assert.deepEqual(never, [], 'provoke these, or take them out of the document')
  const undocumented = [...ANSWERS_GIVEN.keys()].filter((kind) => !kinds.has(kind))
  assert.deepEqual(undocumented, [], 'describe these in src/openapi')
  assert.deepEqual(documented.flatMap(examplesNeverSent), [], 'make the examples what is really sent')
})

/** Examples that no answer was like, but for ids, times and numbers. */
function examplesNeverSent({ kind, examples }: DocumentedAnswer): string[] {
  const sent = [...(ANSWERS_GIVEN.get(kind) ?? [])].map(withoutChance)
  return [...examples].flatMap(([name, value]) => {
    const shown = withoutChance(JSON.stringify(value))
    return sent.includes(shown) ? [] : [`${kind} (${name}) shows ${shown}, but was sent ${sent.join(' and ')}`]
  })
}

function withoutChance(text: string): string {
  return text
    .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'uuid')
    .replace(/"next":"[\w-]+"/, '"next":"page"')
    .replace(/"(?:[0-9a-f]{16}){1,2}"/g, '"hex"')
    .replace(/-[0-9a-f]{8}"/g, '-hex"')
    .replace(/\d+(?:\.\d+)?/g, '#')
}
