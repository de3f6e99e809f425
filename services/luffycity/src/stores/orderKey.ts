import type { Wish } from '@/api/orders'

const PLACE = 'luffy.order'

/** Where the browser stores nothing, a key lasts as long as the page. */
let inMemory: string | null = null

/**
 * The `Idempotency-Key` for what `person` wants to order: the same one until the API has answered,
 * also after a reload, so that an order whose answer was lost is not placed twice.
 */
export function orderKey(wish: Wish, person: string): string {
  const said = JSON.stringify([person, wish])
  const [before, key] = parsed(read())
  if (before === said && key) return key
  const made = newKey()
  write(JSON.stringify([said, made]))
  return made
}

/** The API has answered: the next order is another one. */
export function forgetOrderKey(): void {
  write(null)
}

function newKey(): string {
  // `randomUUID` is for HTTPS alone.
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

function parsed(kept: string | null): [string?, string?] {
  return kept === null ? [] : (JSON.parse(kept) as [string, string])
}

function read(): string | null {
  try {
    return sessionStorage.getItem(PLACE)
  } catch {
    return inMemory // storage is blocked in this browser
  }
}

function write(kept: string | null): void {
  try {
    if (kept === null) sessionStorage.removeItem(PLACE)
    else sessionStorage.setItem(PLACE, kept)
  } catch {
    inMemory = kept
  }
}
