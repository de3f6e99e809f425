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
