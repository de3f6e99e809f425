import * as v from 'valibot'
import { getJson, getResult } from './client'

const count = v.pipe(v.number(), v.integer(), v.minValue(0))

const releaseSchema = v.object({
  release: v.string(),
  since: v.pipe(v.string(), v.isoTimestamp()),
  services: v.record(v.string(), v.object({ image: v.string(), tag: v.string() })),
})

const edgeSchema = v.object({
  services: v.record(v.string(), v.object({ up: count, of: count })),
})

const partSchema = v.object({ state: v.picklist(['ok', 'failing', 'unknown']), words: v.string() })

const apiSchema = v.object({ parts: v.record(v.string(), partSchema) })

/** The release that runs, and each service's image. */
export type Release = v.InferOutput<typeof releaseSchema>
/** How many containers of each service behind the edge are up, of how many. */
export type EdgeStatus = v.InferOutput<typeof edgeSchema>
/** How the parts are that the API needs: `database`, `schema`, `redis`, `worker`, `beat`. */
export type ApiStatus = v.InferOutput<typeof apiSchema>

/** Written by the release engine when a release becomes current. @throws {ApiError} */
export function fetchRelease(signal?: AbortSignal): Promise<Release> {
  return getJson('/status/release.json', releaseSchema, { signal, anonymous: true })
}

/** Told by the edge itself. @throws {ApiError} */
export function fetchEdgeStatus(signal?: AbortSignal): Promise<EdgeStatus> {
  return getJson('/status/edge.json', edgeSchema, { signal, anonymous: true })
}

/** @throws {ApiError} */
export function fetchApiStatus(signal?: AbortSignal): Promise<ApiStatus> {
  return getResult('status/', apiSchema, { signal, anonymous: true })
}
