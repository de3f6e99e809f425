import * as v from 'valibot'
import { getJson, sendForWords } from './client'

/** What a code that is sent to a phone is for; one of another purpose does not do. */
export type CodePurpose = 'login' | 'register' | 'reset' | 'delete'

/** Whether a phone number has an account. @throws {ApiError} kind `busy` after too many questions */
export async function isRegistered(mobile: string, signal?: AbortSignal): Promise<boolean> {
  // Both answers are good ones, so the envelope's code is no refusal here.
  const schema = v.object({ code: v.picklist([100, 101]) })
  const options = { query: { mobile }, signal, anonymous: true }
  const { code } = await getJson('user/mobile/check_mobile/', schema, options)
  return code === 100
}

/**
 * Has a code sent to `phone`, and gives the API's sentence about it, which is the same whoever is
 * registered.
 *
 * @throws {ApiError} kind `busy` with the seconds to wait; words `sms_not_configured`,
 *   `sms_unavailable`, `sms_refused`
 */
export function sendCode(phone: string, purpose: CodePurpose): Promise<string> {
  const body = { phone, purpose }
  return sendForWords('POST', 'user/send/send_message/', { body, anonymous: true })
}

export interface NewPassword {
  mobile: string
  code: string
  password: string
}

/** Makes an account. @throws {ApiError} words `wrong_code`, `already_registered`; or fields */
export function register(body: NewPassword): Promise<string> {
  return sendForWords('POST', 'user/register/', { body, anonymous: true })
}

/** Sets a new password, and ends every login. @throws {ApiError} word `wrong_code`; or fields */
export function resetPassword(body: NewPassword): Promise<string> {
  return sendForWords('POST', 'user/password/reset/', { body, anonymous: true })
}
