/**
 * The page numbers worth showing: the first, the last and those around the current one.
 *
 * @returns null where numbers are left out; a gap of one number is closed by the number itself
 */
export function pageWindow(page: number, pages: number): (number | null)[] {
  const wanted = [1, page - 1, page, page + 1, pages]
  const numbers = [...new Set(wanted)].filter((n) => n >= 1 && n <= pages).sort((a, b) => a - b)
  const shown: (number | null)[] = []
  let last = 0
  for (const number of numbers) {
    if (number - last === 2) shown.push(last + 1)
    else if (number - last > 2) shown.push(null)
    shown.push(number)
    last = number
  }
  return shown
}
