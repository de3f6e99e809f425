import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { saveFile } from '@/components/account/saveFile'
import { failing, fakeApi, login, refusing, signedIn, wholeApi, type Sent } from './fakeApi'
import { fakeUpload } from './fakeUpload'
import { arrived, mountPage, type Page } from './mountPage'
import { settled } from './settled'

vi.mock('@/components/account/saveFile')

const profile = {
  username: 'nami',
  name: 'Nami',
  mobile: '13812345678',
  email: 'nami@example.com',
  icon: '',
}

/** An API where Nami is logged in, and what `answers` says beside. */
function api(answers: Record<string, unknown> = {}, change: Partial<typeof profile> = {}) {
  return fakeApi({
    ...wholeApi(),
    ...signedIn(),
    'user/profile/': { code: 100, msg: 'ok', result: { ...profile, ...change } },
    ...answers,
  })
}

function noting(sent: unknown[], answer: unknown) {
  return (_: URLSearchParams, { body }: Sent) => {
    sent.push(JSON.parse(String(body)))
    return answer
  }
}

function section({ wrapper }: Page, title: string) {
  const found = wrapper.findAll('section').find((one) => one.find('h2').text() === title)
  return found ?? expect.fail(`there is no section ${title}`)
}

function button(scope: ReturnType<typeof section>, text: string) {
  const found = scope.findAll('button').find((one) => one.text() === text)
  return found ?? expect.fail(`there is no button ${text}`)
}

const focused = () => document.activeElement?.getAttribute('name')

describe('the profile', () => {
  it('shows what is there, and the phone not whole', async () => {
    api()
    const page = await mountPage('/my/profile')
    const facts = section(page, '账户').text()
    expect(facts).toContain('138****5678')
    expect(facts).toContain('nami@example.com')
    expect(page.wrapper.text()).not.toContain('13812345678')
  })

  it('says that it could not be fetched, and fetches it again', async () => {
    api({ 'user/profile/': failing(500) })
    const page = await mountPage('/my/profile')
    api()
    await page.wrapper.get('main [role="alert"] button').trigger('click')
    await settled()
    expect(section(page, '账户').text()).toContain('nami')
  })
})

describe('name and e-mail', () => {
  async function save(page: Page, fields: Record<string, string>) {
    const form = section(page, '昵称和邮箱')
    for (const [name, value] of Object.entries(fields)) {
      await form.get(`[name="${name}"]`).setValue(value)
    }
    await form.get('form').trigger('submit')
    await settled()
  }

  it('are saved, and seen everywhere at once', async () => {
    const sent: unknown[] = []
    const result = { ...profile, name: 'Cat Burglar', email: '' }
    api({ 'PATCH user/profile/': noting(sent, { code: 100, result }) })
    const page = await mountPage('/my/profile')
    await save(page, { name: ' Cat Burglar ', email: '' })
    expect(sent).toEqual([{ name: 'Cat Burglar', email: '' }])
    expect(section(page, '账户').text()).toContain('Cat Burglar')
    expect(page.wrapper.get('header button[aria-expanded]').attributes('aria-label')).toContain(
      'Cat Burglar',
    )
  })

  it('an e-mail address alone is saved for who has no name', async () => {
    const sent: unknown[] = []
    const result = { ...profile, name: '', email: 'a@example.com' }
    api({ 'PATCH user/profile/': noting(sent, { code: 100, result }) }, { name: '' })
    const page = await mountPage('/my/profile')
    await save(page, { email: 'a@example.com' })
    expect(sent).toEqual([{ email: 'a@example.com' }])
  })

  it.each([
    [{ name: '' }, 'name', '请填写昵称。'],
    [{ email: 'nobody' }, 'email', '请输入正确的邮箱地址'],
  ])('%j is refused at its field', async (fields, name, said) => {
    api()
    const page = await mountPage('/my/profile')
    await save(page, fields)
    expect(focused()).toBe(name)
    expect(section(page, '昵称和邮箱').text()).toContain(said)
  })
})

describe('the picture', () => {
  const bitmap = { width: 100, height: 50, close: vi.fn() }

  beforeEach(() => {
    vi.stubGlobal('createImageBitmap', vi.fn(async () => bitmap))
    vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null)
  })

  async function choose(page: Page, name = 'me.png', type = 'image/png', size = 10) {
    const input = section(page, '头像').get<HTMLInputElement>('input[type="file"]')
    const file = new File(['x'], name, { type })
    Object.defineProperty(file, 'size', { value: size })
    Object.defineProperty(input.element, 'files', { value: [file], configurable: true })
    await input.trigger('change')
    await settled()
  }

  it('is previewed, sent with its progress, and seen in the header at once', async () => {
    api()
    const page = await mountPage('/my/profile')
    const form = section(page, '头像')
    await choose(page)
    expect(form.get('canvas').attributes('aria-label')).toBe('预览：me.png')
    const request = fakeUpload()
    await button(form, '用作头像').trigger('click')
    await request.begun
    request.progress(1, 2)
    await settled()
    expect(form.get<HTMLProgressElement>('progress').attributes('value')).toBe('0.5')
    expect(request.headers.Authorization).toBe('Bearer t1')
    expect((request.body?.get('file') as File).name).toBe('me.png')
    request.answer(200, { code: 100, result: { icon: '/media/icon/new.webp' } })
    await settled()
    expect(page.wrapper.get('header img').attributes('src')).toBe('/media/icon/new.webp')
    expect(form.find('canvas').exists()).toBe(false)
  })

  it('may be dropped here', async () => {
    api()
    const page = await mountPage('/my/profile')
    const files = [new File(['x'], 'dropped.webp', { type: 'image/webp' })]
    await section(page, '头像').get('.drop').trigger('drop', { dataTransfer: { files } })
    await settled()
    expect(section(page, '头像').text()).toContain('dropped.webp')
  })

  it('is no longer chosen when the choice is taken back', async () => {
    api()
    const page = await mountPage('/my/profile')
    await choose(page)
    await button(section(page, '头像'), '取消选择').trigger('click')
    await settled()
    expect(section(page, '头像').find('canvas').exists()).toBe(false)
    expect(bitmap.close).toHaveBeenCalled()
  })

  it.each([
    ['a text', 'a.txt', 'text/plain', 10, '不是可用的图片'],
    ['too many bytes', 'a.png', 'image/png', 4 * 1024 * 1024 + 1, '超过 4 MB'],
  ])('is refused before it is sent: %s', async (_, name, type, size, said) => {
    api()
    const page = await mountPage('/my/profile')
    await choose(page, name, type, size)
    expect(section(page, '头像').get('[role="alert"]').text()).toContain(said)
    expect(section(page, '头像').get('input').attributes('aria-invalid')).toBe('true')
  })

  it('is refused before it is sent: damaged, or too many points', async () => {
    api()
    const page = await mountPage('/my/profile')
    vi.mocked(createImageBitmap).mockRejectedValueOnce(new DOMException('x', 'InvalidStateError'))
    await choose(page)
    expect(section(page, '头像').get('[role="alert"]').text()).toContain('不是可用的图片')
    const large = { width: 4000, height: 3000, close: vi.fn() }
    vi.mocked(createImageBitmap).mockResolvedValueOnce(large as unknown as ImageBitmap)
    await choose(page)
    expect(section(page, '头像').get('[role="alert"]').text()).toContain('像素太多')
    vi.mocked(createImageBitmap).mockResolvedValueOnce(large as unknown as ImageBitmap)
    await choose(page, 'me.jpg', 'image/jpeg')
    expect(section(page, '头像').find('canvas').exists()).toBe(true)
  })

  it("is kept when the API refuses it, with the API's own words", async () => {
    api()
    const page = await mountPage('/my/profile')
    const form = section(page, '头像')
    await choose(page)
    const request = fakeUpload()
    await button(form, '用作头像').trigger('click')
    await request.begun
    request.answer(400, { code: 400, error: 'not_a_picture', msg: '请选择图片。' })
    await settled()
    expect(form.text()).toContain('请选择图片。')
    expect(form.find('canvas').exists()).toBe(true)
  })

  it('is not sent on when one cancels', async () => {
    api()
    const page = await mountPage('/my/profile')
    const form = section(page, '头像')
    await choose(page)
    const request = fakeUpload()
    await button(form, '用作头像').trigger('click')
    await request.begun
    await settled()
    expect(document.activeElement).toBe(button(form, '取消').element)
    await button(form, '取消').trigger('click')
    await settled()
    expect(request.aborted).toBe(true)
    expect(form.get('[role="alert"]').text()).toBe('')
    expect(document.activeElement).toBe(button(form, '用作头像').element)
  })
})

describe('the password', () => {
  async function change(page: Page, password = 'Segel-und-Wind-8') {
    const form = section(page, '修改密码')
    await form.get('[name="old_password"]').setValue('Segel-und-Wind-7')
    await form.get('[name="password"]').setValue(password)
    await form.get('form').trigger('submit')
    await settled()
  }

  it('is changed, and this login goes on with the new token', async () => {
    const sent: unknown[] = []
    api({ 'POST user/password/change/': noting(sent, { ...login, token: 't2' }) })
    const page = await mountPage('/my/profile')
    const before = localStorage.getItem('luffy.signedIn')
    await change(page)
    expect(sent).toEqual([{ old_password: 'Segel-und-Wind-7', password: 'Segel-und-Wind-8' }])
    expect(page.wrapper.text()).toContain('其他设备已退出登录')
    // The other tabs fetch a new token, too.
    expect(localStorage.getItem('luffy.signedIn')).not.toBe(before)
    const form = section(page, '修改密码')
    expect(form.get<HTMLInputElement>('[name="old_password"]').element.value).toBe('')
    expect(form.find('[aria-invalid="true"]').exists()).toBe(false)
  })

  it('needs the present one', async () => {
    api({ 'POST user/password/change/': refusing(403, 'wrong_password', { msg: '密码错误。' }) })
    const page = await mountPage('/my/profile')
    await change(page)
    expect(focused()).toBe('old_password')
    expect(section(page, '修改密码').text()).toContain('密码错误。')
  })

  it('is looked at while it is typed', async () => {
    api()
    const page = await mountPage('/my/profile')
    const form = section(page, '修改密码')
    const met = () => form.findAll('.rule.met').map((rule) => rule.text())
    expect(met()).toEqual([])
    await form.get('[name="password"]').setValue('12345678')
    expect(met()).toEqual(['至少 8 个字符'])
    await form.get('[name="password"]').setValue('1234567a')
    expect(met()).toEqual(['至少 8 个字符', '不能全是数字'])
  })
})

describe('the export', () => {
  it('is a file with all that the API gives', async () => {
    const all = { account: { username: 'nami' }, logins: [], shop: { orders: [1] } }
    api({ 'user/export/': all })
    const page = await mountPage('/my/profile')
    await button(section(page, '导出我的数据'), '下载我的数据').trigger('click')
    await settled()
    const [name, text, type] = vi.mocked(saveFile).mock.calls[0] ?? []
    expect([name, type]).toEqual(['luffy-my-data.json', 'application/json'])
    expect(JSON.parse(text ?? '')).toEqual(all)
  })

  it('says what keeps it', async () => {
    api({ 'user/export/': refusing(429, 'throttled') })
    const page = await mountPage('/my/profile')
    await button(section(page, '导出我的数据'), '下载我的数据').trigger('click')
    await settled()
    expect(section(page, '导出我的数据').get('[role="alert"]').text()).not.toBe('')
  })
})

describe('deleting the account', () => {
  afterEach(() => vi.restoreAllMocks())

  const dialog = () => document.querySelector<HTMLElement>('[role="dialog"]')
  const inDialog = <E extends Element>(selector: string) =>
    dialog()?.querySelector<E>(selector) ?? expect.fail(`the dialog has no ${selector}`)

  async function open(page: Page) {
    await button(section(page, '注销账户'), '注销账户…').trigger('click')
    await settled()
  }

  async function type(name: string, value: string) {
    const input = inDialog<HTMLInputElement>(`[name="${name}"]`)
    input.value = value
    input.dispatchEvent(new Event('input'))
    inDialog('form').dispatchEvent(new Event('submit', { cancelable: true }))
    await settled()
  }

  it('says what goes and what stays', async () => {
    api()
    await open(await mountPage('/my/profile'))
    expect(dialog()?.textContent).toContain('学习进度')
    expect(dialog()?.textContent).toContain('证书仍可查询')
  })

  it('by password leads home, logged out', async () => {
    const sent: unknown[] = []
    api({ 'DELETE user/account/': noting(sent, { code: 100, msg: 'ok' }) })
    const page = await mountPage('/my/profile')
    await open(page)
    await type('password', 'Segel-und-Wind-7')
    expect(sent).toEqual([{ password: 'Segel-und-Wind-7' }])
    await arrived(page, '/')
    expect(page.wrapper.text()).toContain('账户已注销。')
    expect(page.wrapper.find('header button[aria-expanded]').exists()).toBe(false)
    expect(localStorage.getItem('luffy.signedIn')).toBeNull()
  })

  it('by code has one sent for that, and for nothing else', async () => {
    const sent: unknown[] = []
    api({
      'POST user/send/send_message/': noting(sent, { code: 100, msg: 'ok' }),
      'DELETE user/account/': noting(sent, { code: 100, msg: 'ok' }),
    })
    const page = await mountPage('/my/profile')
    await open(page)
    const byCode = inDialog<HTMLInputElement>('input[value="code"]')
    byCode.checked = true
    byCode.dispatchEvent(new Event('change'))
    await settled()
    expect(dialog()?.textContent).toContain('138****5678')
    inDialog<HTMLButtonElement>('.send').click()
    await settled()
    await type('code', '123456')
    expect(sent).toEqual([{ phone: '13812345678', purpose: 'delete' }, { code: '123456' }])
    await arrived(page, '/')
  })

  it('shows a wrong password at its field, and nothing happened', async () => {
    api({ 'DELETE user/account/': refusing(403, 'wrong_password', { msg: '密码错误。' }) })
    const page = await mountPage('/my/profile')
    await open(page)
    await type('password', 'x')
    expect(focused()).toBe('password')
    expect(dialog()?.textContent).toContain('密码错误。')
    expect(localStorage.getItem('luffy.signedIn')).not.toBeNull()
  })

  it('is refused to staff, in words', async () => {
    api({ 'DELETE user/account/': refusing(403, 'staff_account', { msg: '员工账户在后台删除。' }) })
    await open(await mountPage('/my/profile'))
    await type('password', 'x')
    expect(dialog()?.querySelector('[role="alert"]')?.textContent).toContain('员工账户在后台删除。')
  })

  it('offers no code to who has no phone here', async () => {
    api({}, { mobile: undefined })
    await open(await mountPage('/my/profile'))
    expect(dialog()?.querySelector('input[value="code"]')).toBeNull()
  })
})
