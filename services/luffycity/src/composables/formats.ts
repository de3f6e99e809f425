import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import type { Money } from '@/api/money'

type Kind = keyof typeof OPTIONS

const OPTIONS = {
  count: { notation: 'compact', maximumFractionDigits: 1 },
  yuan: price(0),
  cents: price(2),
} satisfies Record<string, Intl.NumberFormatOptions>

function price(minimumFractionDigits: number): Intl.NumberFormatOptions {
  return { style: 'currency', currency: 'CNY', currencyDisplay: 'narrowSymbol', minimumFractionDigits }
}

// To make one takes a browser longer than to use it a hundred times, and each card of a list wants some.
const made = new Map<string, Intl.NumberFormat>()

/** 642, "1.2K" and "1.2万": to load the rules of short forms takes a browser longer than a whole list. */
function count(locale: string, number: number): string {
  const shortFrom = locale.startsWith('zh') ? 10_000 : 1_000
  return number < shortFrom ? String(number) : numberFormat(locale, 'count').format(number)
}

function numberFormat(locale: string, kind: Kind): Intl.NumberFormat {
  const key = `${locale} ${kind}`
  const known = made.get(key) ?? new Intl.NumberFormat(locale, OPTIONS[kind])
  made.set(key, known)
  return known
}

/** Prices (in yuan), counts, times and lengths of time, as the chosen language writes them. */
export function useFormats() {
  const { locale } = useI18n()
  const times = computed(
    () => new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium', timeStyle: 'short' }),
  )

  const clock = computed(() => new Intl.DateTimeFormat(locale.value, { timeStyle: 'medium' }))

  /** ¥99, and ¥99.50 where there are cents. Of an amount as the API writes it every digit is kept. */
  function formatPrice(yuan: number | Money): string {
    return numberFormat(locale.value, Number.isInteger(Number(yuan)) ? 'yuan' : 'cents').format(yuan)
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
    formatCount: (number: number) => count(locale.value, number),
    /** A moment (ISO 8601), in the visitor's time zone, to the minute. */
    formatTime: (moment: string) => times.value.format(new Date(moment)),
    /** The time of day to the second. */
    formatClock: (moment: Date) => clock.value.format(moment),
  }
}
