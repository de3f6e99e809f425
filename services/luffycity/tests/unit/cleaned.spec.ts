// @vitest-environment jsdom
// The DOM of the other tests parses too loosely for DOMPurify to be believed.
import { describe, expect, it } from 'vitest'
import { cleaned } from '@/components/base/cleaned'

describe('the HTML of an editor', () => {
  it.each([
    ['<p>Sail <strong>on</strong></p>', '<p>Sail <strong>on</strong></p>'],
    ['<h1>Big</h1>', '<h2>Big</h2>'],
    ['<ul><li>one</li></ul>', '<ul><li>one</li></ul>'],
    ['<table><tbody><tr><td>1</td></tr></tbody></table>', '<table><tbody><tr><td>1</td></tr></tbody></table>'],
  ])('keeps its structure: %s', (given, shown) => {
    expect(cleaned(given)).toBe(shown)
  })

  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<a href="javascript:alert(1)">x</a>',
    '<iframe src="https://example.com/"></iframe>',
    '<form action="https://example.com/"><input name="password"><button>x</button></form>',
    '<p style="background:url(https://example.com/)">x</p>',
    '<svg><script>alert(1)</script></svg>',
    '<video src="https://example.com/a.mp4"></video>',
    '<p id="app" class="button" name="q">x</p>',
  ])('loses what is not: %s', (given) => {
    const shown = cleaned(given)
    expect(shown).not.toMatch(/script|onerror|javascript|iframe|form|input|button|style|example|id=|class=|name=/)
  })

  it('leads elsewhere in another tab, which learns nothing of this one', () => {
    const box = document.createElement('div')
    box.innerHTML = cleaned('<a href="https://example.com/a">out</a><a href="/courses">in</a>')
    const [out, inside] = box.querySelectorAll('a')
    expect(out?.getAttribute('rel')).toBe('noopener noreferrer')
    expect(out?.getAttribute('target')).toBe('_blank')
    expect(inside?.getAttribute('href')).toBe('/courses')
    expect(inside?.hasAttribute('target')).toBe(false)
  })

  it('shows pictures of this site alone, each with a description or as an ornament', () => {
    const box = document.createElement('div')
    box.innerHTML = cleaned('<img src="/media/a.webp"><img src="https://example.com/spy.gif" alt="x">')
    expect([...box.querySelectorAll('img')].map((one) => [one.getAttribute('src'), one.alt])).toEqual([
      ['/media/a.webp', ''],
    ])
  })
})
