// Programmes, monthly reports and retention, each person in a window of his own; each
// refusal is told at its field. In Chinese, and what the city sees in English as well.

// run goes through the pages with the people of task.people: county and city are police,
// owner leads a shop with task.cameras, whose days of task.month are measured and of which
// the first has footage of the day task.archived in the deep archive; task.report is the
// county's draft. With task.shots, a picture of each page is saved.
export async function run({ browser, task, say }) {
  const broken = []
  const enter = async (who) => {
    const context = await browser.newContext({ reducedMotion: 'reduce', locale: 'zh-CN', viewport: { width: 1440, height: 900 } })
    const page = await context.newPage()
    page.on('pageerror', (e) => broken.push(`${who}: ${e.message}`))
    await page.goto(task.page)
    await page.getByTestId('login-login').fill(who)
    await page.getByTestId('login-password').fill(task.people[who])
    await page.getByTestId('login-submit').click()
    await page.getByTestId('cameras-page').waitFor()
    return page
  }
  const on = {
    task,
    go: async (page, path, testid) => {
      await page.goto(new URL(path, task.page).href)
      await page.getByTestId(testid).waitFor()
      want((await page.locator('main').count()) === 1, `${path} has not one main element`)
    },
    shoot: async (page, name, options = {}) => {
      if (!task.shots) return
      await page.evaluate(() => scrollTo(0, 0)) // the head of the page is at its head
      await page.waitForTimeout(300) // charts have their size
      await page.screenshot({ path: `${task.shots}/${name}.png`, animations: 'disabled', ...options })
    },
    // wrong waits until a field, by its id or what is in it, says what is wrong with it.
    wrong: (page, field, words) => page.locator(`.ant-form-item:has([data-testid="${field}"]), .ant-form-item:has([id="${field}"])`).last()
      .locator('.ant-form-item-explain-error').filter({ hasText: words }).waitFor(),
    // send presses the button of a form, and waits until its window is gone.
    send: async (page, form) => {
      await page.getByTestId(`${form}-submit`).click()
      await page.getByTestId(form).waitFor({ state: 'hidden' })
    },
    // cancel closes the window of a form.
    cancel: async (page, form) => {
      await page.keyboard.press('Escape')
      await page.getByTestId(form).waitFor({ state: 'hidden' })
    },
  }
  await policy(await enter('admin'), on)
  await footage(await enter('owner'), on)
  await reports(await enter('county'), await enter('city'), on)
  want(broken.length === 0, `errors on pages: ${broken.join('\n')}`)
  say({ walked: true })
}

// policy: a ceiling below its floor is refused where it stands.
async function policy(admin, { go, shoot, wrong }) {
  await go(admin, '/retention', 'retention-page')
  await admin.getByTestId('policy-edit').click()
  await admin.getByTestId('policy-general-floor_days').fill('60')
  await admin.getByTestId('policy-general-ceiling_days').fill('30')
  await admin.getByTestId('policy-form-submit').click()
  await wrong(admin, 'policy-general-ceiling_days', '请提高上限，或降低下限')
  await shoot(admin, 'retention-refused.zh')
}

// footage: a hold over another of its case is refused; what lies in the deep archive says
// so instead of playing, and is asked back.
async function footage(owner, { task, go, shoot, wrong, send, cancel }) {
  await go(owner, '/retention', 'retention-page')
  await owner.getByTestId('tab-holds').click()
  await owner.locator('[data-testid=hold-row][data-case=A-1][data-state=held]').waitFor()
  await owner.getByTestId('hold-new').click()
  await choose(owner, 'hold-camera', '路口')
  await owner.getByTestId('hold-case').fill('A-1')
  await owner.getByTestId('hold-reason').fill('盗窃案')
  await owner.getByTestId('hold-form-submit').click()
  await wrong(owner, 'window', '先解除原来的封存')
  await shoot(owner, 'hold-refused.zh')
  await cancel(owner, 'hold-form')

  await go(owner, `/cameras/${task.cameras[0]}`, 'camera-page')
  await owner.locator('.strip-head input').fill(task.archived)
  await owner.locator('.strip-head input').press('Enter')
  await owner.getByTestId('legend-archived').waitFor()
  await owner.locator('gatepost-timeline rect[data-archived]').click()
  await owner.getByTestId('archived').filter({ hasText: '现在不能播放' }).waitFor()
  await shoot(owner, 'archived.zh', { fullPage: true })
  await owner.getByTestId('archived-restore').click()
  await choose(owner, 'restore-purpose', '本单位查看')
  await owner.getByTestId('restore-reason').fill('核对进货时间')
  await send(owner, 'restore-form')
  await owner.getByTestId('archived').filter({ hasText: '已取回 0 / 1 段' }).waitFor()
  await go(owner, '/retention', 'retention-page')
  await owner.getByTestId('tab-restores').click()
  await owner.locator(`[data-testid=restore-row][data-state=running][data-camera="${task.cameras[0]}"]`).filter({ hasText: '核对进货时间' }).waitFor()
  await shoot(owner, 'restores.zh')
}

// reports: county → city, with what is refused on the way, also of a programme.
async function reports(county, city, { task, go, shoot, wrong, send, cancel }) {
  const state = (page, s) => page.locator(`.page-head [data-testid=report-state][data-state=${s}]`).waitFor()
  const draw = async (page, month) => {
    await go(page, '/reports', 'reports-page')
    await page.getByTestId('report-new').click()
    await page.locator('#month').fill(month)
    await page.locator('#month').press('Enter') // gives the form its one field, and so submits it
  }
  const negative = async (page, words) => {
    await go(page, '/programmes', 'programmes-page')
    await page.getByTestId('programme-new').click()
    await page.getByTestId('target-count').fill('-5')
    await page.getByTestId('programme-form-submit').click()
    await wrong(page, 'target-count', words)
  }
  await negative(county, '目标数不能是负数')
  await shoot(county, 'programme-refused.zh')
  await draw(county, '2099-01')
  await wrong(county, 'month', '这个月还没有结束')
  await shoot(county, 'report-refused.zh')

  // The county's draft: not the city's to submit.
  const open = (page) => go(page, `/reports/${task.report}`, 'report-page')
  await open(city)
  await city.getByTestId('submit').click()
  await city.getByTestId('submit-form-submit').click()
  await wrong(city, 'submit-way', '这份月报只能由本级')
  await shoot(city, 'report-wrong-level.zh')
  await cancel(city, 'submit-form')
  await open(county)
  await county.getByTestId('submit').click()
  await send(county, 'submit-form')
  await state(county, 'submitted')
  await open(city)
  await city.getByTestId('review').click()
  await send(city, 'review-form')
  await state(city, 'locked')
  await city.getByTestId('report-files').click()
  const [file] = await Promise.all([city.waitForEvent('download'), city.getByTestId('report-xlsx').click()])
  want(file.suggestedFilename() === `report-330102-${task.month}-v1.xlsx`, `the workbook is ${file.suggestedFilename()}`)

  // The city's, whose figures are its counties'; from it down to the county's, and up again.
  await draw(city, task.month)
  await city.getByTestId('report-title').filter({ hasText: '杭州市' }).waitFor()
  const line = (division) => city.locator(`[data-testid=report-line][data-division="${division}"]`)
  const group = (words) => city.locator('[data-testid=report-groups] .ant-segmented-item').filter({ hasText: words }).click()
  await group('录像')
  await line('330102').filter({ hasText: '97.50%' }).waitFor()
  await city.getByTestId('report-total').filter({ hasText: '95.00%' }).waitFor()
  await group('故障与维修')
  await line('330102').filter({ hasText: /6.*4$/ }).waitFor()
  await city.getByTestId('report-summary').filter({ hasText: '修复 1，平均 4 小时' }).waitFor()
  await city.getByTestId('tab-faults').click()
  await city.getByRole('row').filter({ hasText: '离线' }).filter({ hasText: /1\s*6$/ }).waitFor()
  await city.getByTestId('clocks').filter({ hasText: '北京时间' }).waitFor()
  await city.locator('[data-testid=filing-row][data-division="330106"][data-late=true]').waitFor()
  await shoot(city, 'report.zh', { fullPage: true })
  await line('330102').getByTestId('report-down').click()
  await city.getByTestId('report-title').filter({ hasText: '上城区' }).waitFor()
  await city.getByTestId('report-up').last().click()
  await city.getByTestId('report-title').filter({ hasText: '杭州市' }).waitFor()

  // The same in English, in the dark, and on a phone.
  await city.getByTestId('language').click()
  await group('Faults and repair')
  await city.getByTestId('report-summary').filter({ hasText: '1 repaired, in 4 h on average' }).waitFor()
  await city.getByTestId('clocks').filter({ hasText: 'China Standard Time' }).waitFor()
  await city.getByTestId('theme').click()
  await shoot(city, 'report.dark.en', { fullPage: true })
  await city.setViewportSize({ width: 390, height: 844 })
  await city.waitForFunction(() => document.documentElement.scrollWidth <= innerWidth)
  await shoot(city, 'report.phone.en', { fullPage: true })
  await city.setViewportSize({ width: 1440, height: 900 })
  await draw(city, '2099-01')
  await wrong(city, 'month', '2099-01 lies in the future')
  await negative(city, 'a target is a number of cameras to build, 0 or more')
}

function want(condition, message) {
  if (!condition) throw new Error(message)
}

// choose picks an option of a list by its words.
async function choose(page, testid, words) {
  await page.getByTestId(testid).click()
  await page.locator('.ant-select-item-option').filter({ hasText: words }).last().click()
}
