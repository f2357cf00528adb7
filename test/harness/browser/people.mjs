// How people come in, as they see it: a shop signs itself up and enrols what its
// plan has room for, and its owner invites somebody. An administrator in another
// window passes the code on. One screenshot of each page when task.shots names a
// folder.

function want(condition, message) {
  if (!condition) throw new Error(message)
}

export async function run({ page, task, say, logs, browser }) {
  const zh = task.locale.startsWith('zh')
  const words = async (p) => p.locator('body').innerText()
  const has = async (p, text, where) => want((await words(p)).includes(text), `${where} does not say ${text}: ${(await words(p)).slice(0, 600)}`)
  const shoot = async (p, name) => {
    if (!task.shots) return
    await p.waitForTimeout(600) // what fades in has arrived
    await p.screenshot({ path: `${task.shots}/${name}.${zh ? 'zh' : 'en'}.png`, animations: 'disabled' })
  }
  const other = async (path) => {
    const context = await browser.newContext({ reducedMotion: 'reduce', locale: task.locale, viewport: { width: 1280, height: 800 } })
    const p = await context.newPage()
    await p.goto(new URL(path, task.page).href)
    return p
  }
  // A click while the menu still unfolds may meet another entry, or none: who sees the
  // old page clicks again.
  const menu = async (p, entry) => {
    const before = p.url()
    for (let tries = 0; p.url() === before; tries++) {
      want(tries < 5, `${entry} opens nothing`)
      if (!(await p.getByTestId(entry).isVisible())) await p.getByTestId('user-menu').click()
      await p.getByTestId(entry).click()
      await p.waitForURL((url) => url.href !== before, { timeout: 5000 }).catch(() => {})
    }
  }
  const id = (name) => page.getByTestId(name)
  const wrong = (p, near, text) => p.locator('.ant-form-item', { has: p.getByTestId(near) }).last().getByText(text).waitFor()

  // The administrator makes the basic plan small.
  const desk = await other('/')
  await desk.getByTestId('login-login').fill('admin')
  await desk.getByTestId('login-password').fill(task.admin)
  await desk.getByTestId('login-submit').click()
  await desk.getByTestId('cameras-page').waitFor()
  await menu(desk, 'to-admission')
  await desk.getByTestId('tab-plans').click()
  await desk.locator('[data-plan=basic]').getByTestId('plan-edit').click()
  await desk.getByTestId('plan-cameras').fill('1')
  await desk.getByTestId('plan-save').click()
  await desk.locator('[data-plan=basic] td', { hasText: /^1$/ }).waitFor()
  await desk.locator('.ant-modal-wrap').waitFor({ state: 'hidden' })
  await shoot(desk, 'plans')

  // Who it is: what is wrong is told at its field.
  await id('to-signup').click()
  await id('signup-organisation').fill(task.organisation)
  await id('enrol-division').click()
  for (const name of ['浙江省', '杭州市', '上城区']) await page.locator('.ant-cascader-menu-item', { hasText: name }).first().click()
  await page.keyboard.press('Escape')
  await id('signup-name').fill(zh ? '阿依古丽' : 'Señora Ñandú')
  await id('signup-contact').fill('not a contact')
  await id('signup-password').fill(task.password)
  await id('signup-begin').click()
  await wrong(page, 'signup-contact', zh ? '手机号或邮箱不符合要求' : 'e-mail address')
  await id('signup-contact').fill(task.contact)
  await shoot(page, 'sign-up')
  await id('signup-begin').click()

  // The code, from the administrator's list.
  await id('signup-code').waitFor()
  await has(page, zh ? '请向运营方索取验证码' : 'Ask the operator for the code', 'the page of the code')
  await desk.getByTestId('tab-messages').click()
  const row = desk.locator(`[data-testid=message-row][data-to="${task.contact}"][data-state=waiting]`)
  const code = (await row.getByTestId('message-code').innerText()).trim()
  await shoot(desk, 'codes')
  await id('signup-code').fill(code === '000000' ? '000001' : '000000')
  await id('signup-verify').click()
  await wrong(page, 'signup-code', zh ? '验证码不正确' : 'not the code')
  await id('signup-code').fill(code)
  await shoot(page, 'sign-up-code')
  await id('signup-verify').click()

  // The undertaking, and in.
  await id('undertaking').waitFor()
  await has(page, zh ? '视频监控使用承诺书' : 'Undertaking on the use', 'the undertaking')
  want(await id('signup-accept').isDisabled(), 'the undertaking is accepted without a tick')
  await id('undertaking-agree').click()
  await shoot(page, 'undertaking')
  await id('signup-accept').click()
  await id('cameras-page').waitFor()
  await row.waitFor({ state: 'detached' })

  // One camera fits, the second does not.
  const enrol = async (name) => {
    await page.goto(new URL('/cameras/new', task.page).href)
    await id('enrol-plan').waitFor()
    await id('enrol-name').fill(name)
    for (const question of ['enrol-banned', 'enrol-sign']) await id(question).locator('input').first().check({ force: true })
    await id('enrol-submit').click()
  }
  await enrol(zh ? '收银台' : 'Till')
  await id('national-id').waitFor()
  await id('to-camera').click()
  await page.waitForURL(/cameras\/[0-9a-f-]{36}/)
  await enrol(zh ? '后门' : 'Back door')
  await id('enrol-error').waitFor()
  await has(page, zh ? '联系运营方升级套餐' : 'ask the operator for a larger plan', 'the refusal')
  await page.evaluate(() => globalThis.scrollTo(0, 0))
  await shoot(page, 'plan-full')

  // An invitation by link, once.
  const invite = async (contact) => {
    await id('invite').click()
    await id('invite-contact').fill(contact)
    await id('invite-submit').click()
    await id('invitation-url').waitFor()
    const url = (await id('invitation-url').innerText()).trim()
    await id('invited-close').click()
    await page.locator('.ant-modal-wrap').last().waitFor({ state: 'hidden' })
    return url
  }
  await menu(page, 'to-members')
  await id('members-page').waitFor()
  const url = await invite(task.guest)
  await id('invite').click()
  await id('invite-contact').fill(task.guest)
  await id('invite-submit').click()
  await wrong(page, 'invite-contact', zh ? '已在使用' : 'has an invitation already')
  await page.keyboard.press('Escape')
  await page.locator('.ant-modal-wrap').last().waitFor({ state: 'hidden' })
  const guest = await other(url)
  await guest.getByTestId('invitation-name').fill(zh ? '李四' : 'Guest')
  await has(guest, task.organisation, 'the invitation')
  await guest.getByTestId('invitation-password').fill(task.password)
  await guest.getByTestId('undertaking-agree').click()
  await shoot(guest, 'invitation')
  await guest.getByTestId('invitation-accept').click()
  await guest.getByTestId('cameras-page').waitFor()
  const again = await other(url)
  await again.getByTestId('invitation-gone').waitFor()

  const second = await invite(zh ? 'second-zh@example.org' : 'second-en@example.org')
  await page.locator('[data-testid=invitation-row][data-state=open]').getByTestId('invitation-revoke').click()
  await id('invitation-revoke-confirm').click()
  await page.locator('[data-testid=invitation-row][data-state=revoked]').waitFor()
  await again.goto('about:blank')
  await again.goto(second)
  await again.getByTestId('invitation-gone').waitFor()

  // The guest gets another role, and is deactivated: out at once.
  await page.reload()
  const member = page.locator(`[data-testid=member-row][data-login="${task.guest}"]`)
  await member.getByTestId('member-role').click()
  await page.locator('.ant-select-item-option', { hasText: zh ? '维护员' : 'Maintainer' }).click()
  await member.locator(zh ? '[title=维护员]' : '[title=Maintainer]').waitFor()
  await shoot(page, 'members')
  await member.getByTestId('member-deactivate').click()
  await id('member-deactivate-confirm').click()
  await page.locator(`[data-testid=member-row][data-login="${task.guest}"][data-disabled=true]`).waitFor()
  await guest.goto(new URL('/account', task.page).href)
  await guest.getByTestId('login-login').waitFor()

  await menu(page, 'to-account')
  await id('own-contact').waitFor()
  await has(page, task.contact, 'the account page')
  await shoot(page, 'account')
  want(!logs.some((l) => l.startsWith('pageerror')), `errors on the page: ${logs.join('\n')}`)
  say({ arrived: true })
}
