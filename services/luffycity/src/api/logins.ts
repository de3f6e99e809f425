import * as v from 'valibot'
import { sendForFields, sendForWords } from './client'

export const loginSchema = v.object({
  token: v.string(),
  username: v.string(),
  name: v.string(),
  icon: v.nullish(v.string(), null),
})

/** What the API gives to who logged in; the refresh token comes in a cookie that no script reads. */
export type Login = v.InferOutput<typeof loginSchema>

/**
 * Logs in by name, phone or e-mail address, and password.
 *
 * @throws {ApiError} word `wrong_credentials` where they do not fit
 */
export function logInByPassword(username: string, password: string): Promise<Login> {
  return sendForFields('POST', 'user/login/mul_login/', loginSchema, {
    body: { username, password },
    anonymous: true,
  })
}

/** Logs in by phone and the code that was sent to it. @throws {ApiError} word `wrong_code` */
export function logInByCode(mobile: string, code: string): Promise<Login> {
  return sendForFields('POST', 'user/login/sms_login/', loginSchema, {
    body: { mobile, code },
    anonymous: true,
  })
}

/**
 * Exchanges the cookie for an access token and another cookie.
 *
 * It goes on when the page is left: a cookie that was used, and whose successor nobody received,
 * would be the end of the login.
 *
 * @throws {ApiError} word `refresh_refused` without a login
 */
export function refreshLogin(): Promise<Login> {
  return sendForFields('POST', 'user/token/refresh/', loginSchema, {
    anonymous: true,
    keepalive: true,
  })
}

/** Ends the login, and all that came of it. @throws {ApiError} */
export function logOut(): Promise<string> {
  return sendForWords('POST', 'user/logout/', { anonymous: true, keepalive: true })
}
