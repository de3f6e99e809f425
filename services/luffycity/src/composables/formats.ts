import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Money } from '@/api/money'

/** Prices (in yuan), counts, times and lengths of time, as the chosen language writes them. */
export function useFormats() {
  const { locale } = useI18n()
  const counts = computed(
    () => new Intl.NumberFormat(locale.value, { notation: 'compact', maximumFractionDigits: 1 }),
  )

  const times = computed(
    () => new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium', timeStyle: 'short' }),
  )

  const clock = computed(() => new Intl.DateTimeFormat(locale.value, { timeStyle: 'medium' }))

  /** ¥99, and ¥99.50 where there are cents. Of an amount as the API writes it every digit is kept. */
  function formatPrice(yuan: number | Money): string {
    return new Intl.NumberFormat(locale.value, {
      style: 'currency',
      currency: 'CNY',
      currencyDisplay: 'narrowSymbol',
      minimumFractionDigits: Number.isInteger(Number(yuan)) ? 0 : 2,
    }).format(yuan)
  }

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
    formatPrice,
    formatWait,
    formatCount: (count: number) => counts.value.format(count),
    /** A moment (ISO 8601), in the visitor's time zone, to the minute. */
    formatTime: (moment: string) => times.value.format(new Date(moment)),
    /** The time of day to the second. */
    formatClock: (moment: Date) => clock.value.format(moment),
  }
}
