import { computed } from 'vue'
import { useI18n } from 'vue-i18n'

/** Prices (in yuan), counts and lengths of time, as the chosen language writes them. */
export function useFormats() {
  const { locale } = useI18n()
  const counts = computed(
    () => new Intl.NumberFormat(locale.value, { notation: 'compact', maximumFractionDigits: 1 }),
  )

  /** ¥99, and ¥99.50 where there are cents. */
  function formatPrice(yuan: number): string {
    return new Intl.NumberFormat(locale.value, {
      style: 'currency',
      currency: 'CNY',
      currencyDisplay: 'narrowSymbol',
      minimumFractionDigits: Number.isInteger(yuan) ? 0 : 2,
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

  return { formatPrice, formatWait, formatCount: (count: number) => counts.value.format(count) }
}
