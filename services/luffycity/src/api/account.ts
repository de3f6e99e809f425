import * as v from 'valibot'
import { getJson, getResult, sendForFields, sendForResult, sendForWords } from './client'
import { loginSchema, type Login } from './logins'

const profileSchema = v.object({
  username: v.string(),
  /** The name that is shown; empty while none was given. */
  name: v.nullish(v.string(), ''),
  mobile: v.nullish(v.string(), null),
  email: v.nullish(v.string(), ''),
  icon: v.nullish(v.string(), null),
})

export type Profile = v.InferOutput<typeof profileSchema>

/** One's own profile. @throws {ApiError} */
export function fetchProfile(signal?: AbortSignal): Promise<Profile> {
  return getResult('user/profile/', profileSchema, { signal })
}

/** Changes what is shown, and where one can be written to. @throws {ApiError} with fields */
export function changeProfile(body: { name?: string; email: string }): Promise<Profile> {
  return sendForResult('PATCH', 'user/profile/', profileSchema, { body })
}

/**
 * Makes `file` one's picture, and gives its address.
 *
 * @param onProgress gets the part that was sent, from 0 to 1
 * @throws {ApiError} words `not_a_picture`, `picture_too_large`; `AbortError` when `signal` fires
 */
export async function sendAvatar(
  file: File,
  onProgress: (part: number) => void,
  signal: AbortSignal,
): Promise<string> {
  const body = new FormData()
  body.append('file', file)
  const schema = v.object({ icon: v.string() })
  const options = { body, onProgress, signal }
  const { icon } = await sendForResult('POST', 'user/avatar/', schema, options)
  return icon
}

/** Sets another password; every other login ends. @throws {ApiError} word `wrong_password`; fields */
export function changePassword(body: { old_password: string; password: string }): Promise<Login> {
  return sendForFields('POST', 'user/password/change/', loginSchema, { body })
}

/** All that the site knows of who asks, as it is. @throws {ApiError} */
export function fetchExport(): Promise<Record<string, unknown>> {
  return getJson('user/export/', v.looseObject({ account: v.looseObject({}) }))
}

/**
 * Deletes the account, proven by the password or by a code for that.
 *
 * @throws {ApiError} words `wrong_password`, `wrong_code`, `staff_account`
 */
export function deleteAccount(body: { password: string } | { code: string }): Promise<string> {
  return sendForWords('DELETE', 'user/account/', { body })
}
