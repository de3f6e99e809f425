import * as v from 'valibot'
import { base_url } from '@/assets/js/settings.js'
import { getResult, sendForResult } from './client'

const certificateSchema = v.object({
  code: v.string(),
  /** Empty when its holder has left the site. */
  name: v.nullish(v.string(), ''),
  course: v.string(),
  issued: v.string(),
})

export type Certificate = v.InferOutput<typeof certificateSchema>

/** The certificate with this code; for anyone. @throws {ApiError} `not_found` where there is none */
export function fetchCertificate(code: string, signal?: AbortSignal): Promise<Certificate> {
  return getResult(`learning/certificate/${encodeURIComponent(code)}/`, certificateSchema, {
    signal,
    anonymous: true,
  })
}

/**
 * One's own for a course; it is issued where there is none yet.
 *
 * @throws {ApiError} words `not_complete`, `name_missing` and `not_enrolled`
 */
export function issueCertificate(course: number): Promise<Certificate> {
  return sendForResult('POST', 'learning/certificate/', certificateSchema, { body: { course } })
}

/** Where the certificate lies as a PDF. */
export function certificateFile(code: string): string {
  return `${base_url}learning/certificate/${encodeURIComponent(code)}/pdf/`
}

/** The code in groups of five, to read and to type. */
export function spelled(code: string): string {
  return code.match(/.{1,5}/g)?.join('-') ?? ''
}
