import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Money } from '@/api/money'

// To make one takes a browser longer than to use it a hundred times, and each card of a list wants some.
const made = new Map<string, Intl.NumberFormat>()

/** 642, "1.2K" and "1.2万": to load the rules of short forms takes a browser longer than a whole list. */
function count(locale: string, number: number): string {
  const shortFrom = locale.startsWith('zh') ? 10_000 : 1_000
  if (number < shortFrom) return String(number)
  const known =
    made.get(locale)
    ?? new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 })
  made.set(locale, known)
  return known.format(number)
}

/**
 * ¥99, ¥99.50 where there are cents, and ¥1,234. Of an amount as the API writes it every digit is kept.
 *
 * `Intl.NumberFormat` writes it so in each of our languages (a test compares them), but a browser that
 * begins with that loads its rules first: 18 ms on a desktop, and the first page always shows a price.
 */
export function formatPrice(yuan: number | Money): string {
  const [whole = '', cents] = (typeof yuan === 'number' ? yuan.toFixed(2) : yuan).split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return cents === '00' ? `¥${grouped}` : `¥${grouped}.${cents}`
}

/** Counts, times and lengths of time, as the chosen language writes them. */
export function useFormats() {
  const { locale } = useI18n()
  const times = computed(
    () => new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium', timeStyle: 'short' }),
  )

  const clock = computed(() => new Intl.DateTimeFormat(locale.value, { timeStyle: 'medium' }))

  /** "40 seconds", "15 minutes", "3 hours", or "40 sec" where room is scarce: rounded up. */
  function formatWait(seconds: number, unitDisplay: 'long' | 'short' = 'long'): string {
    const [length, unit] =
      seconds < 90 ? ([1, 'second'] as const)
      : seconds < 5400 ? ([60, 'minute'] as const)
      : ([3600, 'hour'] as const)
    return new Intl.NumberFormat(locale.value, { style: 'unit', unit, unitDisplay }).format(
      Math.ceil(seconds / length),
    )
  }

  return {
    formatWait,
    formatCount: (number: number) => count(locale.value, number),
    /** A moment (ISO 8601), in the visitor's time zone, to the minute. */
    formatTime: (moment: string) => times.value.format(new Date(moment)),
    /** The time of day to the second. */
    formatClock: (moment: Date) => clock.value.format(moment),
  }
}
