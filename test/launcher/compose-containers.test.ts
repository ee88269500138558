import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readContainers } from './compose-containers.ts'

const labels = (service: string, number: string) => ({
  Labels: { 'com.docker.compose.service': service, 'com.docker.compose.container-number': number },
})

test('containers are read from docker inspect, whichever compose made them, by service and index', () => {
  const running = { Status: 'running', ExitCode: 0, Pid: 7 }
  const ports = { '8081/tcp': [{ HostIp: '127.0.0.1', HostPort: '32768' }], '9/tcp': null }
  const read = readContainers(
    JSON.stringify([
      {
        Id: 'c3',
        Name: '/p-setup-1',
        Image: 'sha256:2',
        Config: labels('setup', '1'),
        State: { Status: 'exited', ExitCode: 3, Pid: 0 },
        NetworkSettings: {},
      },
      {
        Id: 'c2',
        Name: '/p-api-10',
        Image: 'sha256:1',
        Config: labels('api', '10'),
        State: { ...running, Status: 'paused' },
        NetworkSettings: { Ports: {} },
      },
      {
        Id: 'c1',
        Name: '/p_api_2',
        Image: 'sha256:1',
        Config: labels('api', '2'),
        State: { ...running, Health: { Status: 'healthy' } },
        NetworkSettings: { Ports: ports },
      },
    ]),
  )
  const api = { service: 'api', exitCode: 0, pid: 7, image: 'sha256:1' }
  assert.deepEqual(read, [
    { ...api, id: 'c1', name: 'p_api_2', index: 2, state: 'running', health: 'healthy', port: 32_768 },
    { ...api, id: 'c2', name: 'p-api-10', index: 10, state: 'paused' },
    {
      id: 'c3',
      name: 'p-setup-1',
      service: 'setup',
      index: 1,
      state: 'exited',
      exitCode: 3,
      pid: 0,
      image: 'sha256:2',
    },
  ])
})
