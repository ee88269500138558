/** One container of a compose project. */
export interface Container {
  readonly id: string
  readonly name: string
  readonly service: string
  /** From 1; of a scaled service. */
  readonly index: number
  /** `running`, `paused`, `exited`, `created`, `restarting` … */
  readonly state: string
  /** `starting`, `healthy` or `unhealthy`; absent without a healthcheck. */
  readonly health?: string
  /** Of the last time that it ended; 0 while it runs. */
  readonly exitCode: number
  /** Process id of its first process on the engine's machine; 0 if it does not run. */
  readonly pid: number
  /** Id of its image. */
  readonly image: string
  /** The host port of the first port that it publishes, while it runs. */
  readonly port?: number
}

/** The part of `docker inspect` that is read; both generations of compose set these labels. */
interface Inspected {
  readonly Id: string
  readonly Name: string
  readonly Image: string
  readonly Config: { readonly Labels: Readonly<Record<string, string>> }
  readonly State: {
    readonly Status: string
    readonly ExitCode: number
    readonly Pid: number
    readonly Health?: { readonly Status: string }
  }
  readonly NetworkSettings: { readonly Ports?: Readonly<Record<string, readonly { HostPort: string }[] | null>> }
}

/** Reads what `docker inspect` printed of the containers of one project; sorted by service and index. */
export function readContainers(json: string): Container[] {
  return (JSON.parse(json) as Inspected[])
    .map(toContainer)
    .sort((a, b) => (a.service === b.service ? a.index - b.index : a.service < b.service ? -1 : 1))
}

function toContainer({ Id, Name, Image, Config, State, NetworkSettings }: Inspected): Container {
  const published = Object.values(NetworkSettings.Ports ?? {}).flatMap((bindings) => bindings ?? [])[0]
  return {
    id: Id,
    name: Name.replace(/^\//, ''),
    service: Config.Labels['com.docker.compose.service'] ?? '',
    index: Number(Config.Labels['com.docker.compose.container-number'] ?? 1),
    state: State.Status,
    ...(State.Health && { health: State.Health.Status }),
    exitCode: State.ExitCode,
    pid: State.Pid,
    image: Image,
    ...(published && { port: Number(published.HostPort) }),
  }
}
