import { describe, expect, it } from 'vitest'
import { formatPrice } from '@/composables/formats'
import { formatRating } from '@/composables/measures'
import { LOCALES } from '@/i18n'

describe.each(LOCALES)('in %s', (locale) => {
  it.each([0, 0.01, 0.5, 9, 39, 99.5, 199.99, 999, 1_000, 1_234.5, 99_999, 999_999.99, 1_234_567])(
    'the price %d is written as the browser would',
    (yuan) => {
      const written = new Intl.NumberFormat(locale, {
        style: 'currency',
        currency: 'CNY',
        currencyDisplay: 'narrowSymbol',
        minimumFractionDigits: Number.isInteger(yuan) ? 0 : 2,
      }).format(yuan)
      expect(formatPrice(yuan)).toBe(written)
      expect(formatPrice(yuan.toFixed(2) as `${number}`)).toBe(written)
    },
  )

  it.each([1, 1.5, 4.25, 4.8, 4.95, 5])('the rating %d is written as the browser would', (rating) => {
    const written = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 })
    const rounded = Math.round(rating * 10) / 10
    expect(formatRating(rounded)).toBe(written.format(rounded))
  })
})

it('keeps every digit of an amount as the API writes it', () => {
  expect(formatPrice('9999999999.99')).toBe('¥9,999,999,999.99')
})
