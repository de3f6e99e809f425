import * as v from 'valibot'

/**
 * An amount in yuan as the API writes it ("39.00"). It stays that text: amounts are added up and
 * compared by the API, and no cent is lost on the way to who reads it.
 */
export type Money = `${number}`

export const moneySchema = v.custom<Money>(
  (value) => typeof value === 'string' && /^\d{1,10}\.\d{2}$/.test(value),
  'expected an amount such as "39.00"',
)

/** Whether an amount is none at all. */
export function isNothing(amount: Money): boolean {
  return Number(amount) === 0
}
