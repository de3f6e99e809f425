import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { fetchApiStatus, fetchEdgeStatus, fetchRelease, type ApiStatus } from '@/api/status'
import { createResource } from '@/composables/resource'

export type State = 'ok' | 'failing' | 'unknown' | 'background'

export interface ServiceStatus {
  /** As in the release. */
  name: string
  state: State
  /** The tag of its image; empty where it is not known. */
  version: string
  /** Why that is its state: a count of instances, the API's own words, or the key of a text. */
  why: { up: number; of: number } | { words: string } | { text: 'edgeAnswers' | 'notSeen' | 'apiSilent' | 'background' }
}

/** The services that the API needs, by its own names for them. */
const PARTS: Readonly<Record<string, string[]>> = {
  mariadb: ['schema', 'database'],
  redis: ['redis'],
  luffy_worker: ['worker'],
  luffy_beat: ['beat'],
}

/** The farm and the lab of the demo world are one with the demo world. */
const PARTS_OF_DEMO: ReadonlySet<string> = new Set(['demo_farm', 'demo_lab'])

/** Without a release these are shown: a site of this kind has them always. */
const KNOWN = ['edge', 'luffycity', 'luffy_api', ...Object.keys(PARTS)]

/** How the services are, put together from three answers of which each may be missing. */
export const useStatusStore = defineStore('status', () => {
  const release = createResource(fetchRelease)
  const edge = createResource(fetchEdgeStatus)
  const api = createResource(fetchApiStatus)
  const seen = ref<Date | null>(null)

  const loading = computed(() => [release, edge, api].some((one) => one.status === 'loading'))

  const services = computed<ServiceStatus[]>(() => {
    const names = new Set([
      ...KNOWN,
      ...Object.keys(release.data?.services ?? {}),
      ...Object.keys(edge.data?.services ?? {}).filter((name) => !PARTS_OF_DEMO.has(name)),
    ])
    return [...names].map((name) => ({
      name,
      version: release.data?.services[name]?.tag ?? '',
      ...stateOf(name),
    }))
  })

  /** The worst of all. */
  const state = computed<State>(() => {
    const states = services.value.map((service) => service.state)
    return (['failing', 'unknown'] as const).find((one) => states.includes(one)) ?? 'ok'
  })

  function stateOf(name: string): Pick<ServiceStatus, 'state' | 'why'> {
    if (name === 'edge') {
      return edge.error
        ? { state: 'unknown', why: { text: 'notSeen' } }
        : { state: 'ok', why: { text: 'edgeAnswers' } }
    }
    const parts = PARTS[name]
    if (parts) return api.error ? { state: 'unknown', why: { text: 'apiSilent' } } : worst(parts, api.data)
    const behind = edge.data?.services[name]
    if (behind && !edge.error) {
      return { state: behind.up > 0 ? 'ok' : 'failing', why: behind }
    }
    if (edge.error || name === 'luffycity' || name === 'luffy_api') {
      return { state: 'unknown', why: { text: 'notSeen' } }
    }
    return { state: 'background', why: { text: 'background' } }
  }

  /** Asks all three anew; what was seen before stays in sight meanwhile. */
  async function load(): Promise<void> {
    await Promise.all([release.load(), edge.load(), api.load()])
    seen.value = new Date()
  }

  return { release, services, state, loading, seen, load }
})

function worst(names: string[], status: ApiStatus | null): Pick<ServiceStatus, 'state' | 'why'> {
  const parts = names.map((name) => status?.parts[name]).filter((part) => part !== undefined)
  const worse = ['failing', 'unknown', 'ok'].map((state) => parts.find((part) => part.state === state))
  const part = worse.find((one) => one !== undefined)
  if (!part) return { state: 'unknown', why: { text: 'apiSilent' } }
  // Where all is well, the last part says it for the others.
  return { state: part.state, why: { words: (part.state === 'ok' ? parts.at(-1) : part)?.words ?? '' } }
}
