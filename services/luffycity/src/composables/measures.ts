import { useI18n } from 'vue-i18n'

const SIZES = [
  ['gigabyte', 1e9],
  ['megabyte', 1e6],
  ['kilobyte', 1e3],
  ['byte', 1],
] as const

// A list has many days, and to make one of these takes a browser long.
const days = new Map<string, Intl.DateTimeFormat>()

function dayFormat(locale: string): Intl.DateTimeFormat {
  const known = days.get(locale) ?? new Intl.DateTimeFormat(locale, { dateStyle: 'long' })
  days.set(locale, known)
  return known
}

/** "4.5": ratings have one digit behind the point, in each of our languages (a test compares them). */
export function formatRating(rating: number): string {
  return rating.toFixed(1)
}

/** Days and sizes of files, as the chosen language writes them. */
export function useMeasures() {
  const { locale } = useI18n()

  /** The day of a moment (ISO 8601), where the visitor is. */
  function formatDay(moment: string): string {
    return dayFormat(locale.value).format(new Date(moment))
  }

  /** "1.2 MB", of bytes. */
  function formatSize(bytes: number): string {
    const [unit, length] = SIZES.find(([, least]) => bytes >= least) ?? SIZES[3]
    return new Intl.NumberFormat(locale.value, {
      style: 'unit',
      unit,
      // "143 bytes": alone among them it has no sign of its own.
      unitDisplay: unit === 'byte' ? 'long' : 'short',
      maximumFractionDigits: 1,
    }).format(bytes / length)
  }

  return { formatDay, formatSize }
}

/** A place in a video, as its controls show it: "1:23", or "1:02:03" beyond an hour. */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds)
  const [hours, minutes, rest] = [
    Math.floor(whole / 3600),
    Math.floor(whole / 60) % 60,
    String(whole % 60).padStart(2, '0'),
  ]
  return hours ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`
}
