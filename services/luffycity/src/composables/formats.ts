import { computed } from 'vue'
import { useI18n } from 'vue-i18n'

/** Prices (in yuan) and counts, as the chosen language writes them. */
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

  return { formatPrice, formatCount: (count: number) => counts.value.format(count) }
}
