import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isNetwork, networkOf } from '../src/network.ts'

test('an IPv4 address counts by itself, an IPv6 address with its /64', () => {
  for (const [address, network] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:c633:6401', '198.51.100.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2'],
    ['2001:db8::', '2001:db8:0:0'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['2001:db8::3:4:5:6', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::2:3:4:5:6:7', '0:0:2:3'],
    ['', ''],
    ['unknown', 'unknown'],
  ]) {
    assert.equal(networkOf(address ?? ''), network, address)
  }
})

test('addresses and ranges of them are networks, nothing else is', () => {
  for (const good of ['10.0.0.1', '10.0.0.0/8', '0.0.0.0/0', '::1', '2001:db8::/32', '::/128'])
    assert.ok(isNetwork(good), good)
  for (const bad of [
    '',
    'lb.example',
    '10.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/8/8',
    '::/129',
    '::1/-1',
    '1/1',
  ]) {
    assert.ok(!isNetwork(bad), bad)
  }
})
