/** How requests show who makes them; the session store is the one that knows. */
export interface Credentials {
  /** The access token; null for a guest. Waits until it is known who is here. */
  token(): Promise<string | null>
  /**
   * Exchanges `refused`, which the API took no longer, for another one; null where the login is over.
   *
   * @throws {ApiError} where the API could not be asked
   */
  renew(refused: string): Promise<string | null>
}

const guest: Credentials = { token: async () => null, renew: async () => null }

let current = guest

export function useCredentials(credentials: Credentials): void {
  current = credentials
}

export function credentials(): Credentials {
  return current
}
