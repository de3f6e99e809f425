/** What this browser was told to remember as `key`, where it is one of `known`. */
export function recall<T extends string>(key: string, known: readonly T[], otherwise: T): T {
  try {
    const value = localStorage.getItem(key)
    return known.find((one) => one === value) ?? otherwise
  } catch {
    return otherwise // storage is blocked in this browser
  }
}

/** Remembers a choice in this browser. */
export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch (error) {
    console.error('This browser remembers nothing: the choice holds until the page is closed', error)
  }
}

const YEAR_S = 365 * 24 * 3600

/** As `recall`, of what the server is told as well. */
export function recallCookie<T extends string>(name: string, known: readonly T[], otherwise: T): T {
  const cookies = document.cookie.split('; ').map((cookie) => cookie.split('='))
  const value = cookies.find(([key]) => key === name)?.[1]
  return known.find((one) => one === value) ?? otherwise
}

/** Remembers a choice for a year, here and for the server. `value` needs no escaping. */
export function rememberCookie(name: string, value: string): void {
  const secure = location.protocol === 'https:' ? '; secure' : ''
  document.cookie = `${name}=${value}; path=/; max-age=${YEAR_S}; samesite=lax${secure}`
}
