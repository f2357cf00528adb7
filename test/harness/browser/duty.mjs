// What watch rooms and owners do with one another, each in a browser of his own:
// duty, handovers, footage requests, incidents, the ledger.

// run goes through the pages with the people of task.people: chief and watcher of
// a sub-control centre, commander of its city, owner of the cameras.
// task.camera is of class 1, task.closed of class 3 without consent. With
// task.shots, a picture of each page is saved there.
export async function run({ browser, task, say }) {
  const people = {}
  try {
    await walk({ browser, task, people })
    say({ walked: true })
  } catch (err) {
    for (const [who, page] of Object.entries(people)) err.message += `\n${who} at ${page.url()}: ${(await page.locator('body').innerText()).slice(0, 800)}`
    throw err
  }
}

async function walk({ browser, task, people }) {
  const enter = async (who) => {
    const context = await browser.newContext({ reducedMotion: 'reduce', locale: 'zh-CN', viewport: { width: 1440, height: 900 } })
    const page = await context.newPage()
    await page.goto(task.page)
    await page.getByTestId('login-login').fill(task.people[who].login)
    await page.getByTestId('login-password').fill(task.people[who].password)
    await page.getByTestId('login-submit').click()
    await page.getByTestId('cameras-page').waitFor()
    people[who] = page
    return page
  }
  const go = async (page, room) => {
    await page.goto(new URL(`/${room}`, task.page).href)
    await page.getByTestId(`${room}-page`).waitFor()
  }
  const shoot = async (page, name) => {
    if (!task.shots) return
    await page.waitForTimeout(600)
    await page.screenshot({ path: `${task.shots}/${name}.zh.png`, animations: 'disabled' })
  }
  const row = (page, camera, state) => page.locator(`[data-testid=watch-row][data-camera="${camera}"]${state}`)

  // The chief shortens the patience; the camera that nobody watches becomes an alarm.
  const chief = await enter('chief')
  await go(chief, 'duty')
  await row(chief, task.camera, '[data-watched=false]').waitFor()
  await chief.getByTestId('duty-set').click()
  await chief.getByTestId('duty-seconds').fill('10')
  await chief.getByTestId('duty-setting-form-submit').click()
  await chief.getByTestId('duty-setting').filter({ hasText: '10' }).waitFor()
  await row(chief, task.camera, '[data-alarm=true]').waitFor({ timeout: 60_000 })
  await shoot(chief, 'duty-alarm')

  // A shift for the watcher and one for the chief, from now on.
  await chief.getByTestId('tab-rota').click()
  for (const who of ['watcher', 'chief']) {
    await chief.getByTestId('shift-new').click()
    await chief.getByTestId('shift-form').waitFor()
    await choose(chief, 'shift-person', task.people[who].name)
    await chief.getByTestId('shift-form-submit').click()
    await chief.getByTestId('shift-form').waitFor({ state: 'hidden' })
  }
  await chief.getByTestId('shift-row').nth(1).waitFor()

  // The watcher takes up his shift and watches; the alarm closes, the board says who.
  const watcher = await enter('watcher')
  await go(watcher, 'duty')
  await watcher.getByTestId('tab-rota').click()
  await watcher.getByTestId('check-in').click()
  await watcher.locator('[data-testid=shift-row][data-state=on]').waitFor()
  want((await watcher.getByTestId('shift-new').count()) === 0, 'a watcher is offered to assign shifts')
  await watcher.goto(new URL(`/cameras/${task.camera}`, task.page).href)
  await watcher.getByTestId('watch-live').click()
  await choose(watcher, 'purpose-kind', '治安巡查')
  await watcher.getByTestId('purpose-reason').fill('值班监看')
  await watcher.getByTestId('purpose-submit').click()
  await watcher.getByTestId('looking').waitFor()
  await go(chief, 'duty')
  const watched = row(chief, task.camera, '[data-watched=true][data-alarm=false]')
  await watched.waitFor({ timeout: 30_000 })
  want((await watched.innerText()).includes(task.people.watcher.name), 'the board does not say who watches')
  await shoot(chief, 'duty-board')
  await chief.getByTestId('tab-alarms').click()
  await chief.locator('[data-testid=alarm-row][data-open=false]').first().waitFor()

  // A handover, taken over by the next who is on duty.
  await go(watcher, 'duty')
  await watcher.getByTestId('tab-handovers').click()
  await watcher.getByTestId('handover-new').click()
  await watcher.getByTestId('handover-happened').fill('路灯不亮\n已通知养护单位')
  await watcher.getByTestId('handover-open').fill('明早复查路灯')
  await watcher.getByTestId('handover-form-submit').click()
  await watcher.locator('[data-testid=handover-row][data-acknowledged=false]').waitFor()
  await chief.getByTestId('tab-handovers').click()
  await chief.getByTestId('handover-acknowledge').click()
  await chief.locator('.ant-message-error').waitFor() // not on duty yet
  await chief.getByTestId('tab-rota').click()
  await chief.getByTestId('check-in').click()
  await chief.locator('[data-testid=shift-row][data-state=on]').nth(1).waitFor()
  await chief.getByTestId('tab-handovers').click()
  await chief.getByTestId('handover-acknowledge').click()
  await chief.locator('[data-testid=handover-row][data-acknowledged=true]').waitFor()
  await shoot(chief, 'duty-handover')
  await chief.getByTestId('tab-gaps').click()
  await chief.locator('[data-testid=gap-row][data-kind=watch]').first().waitFor()

  // A class 3 camera is refused, in words and with what would allow it; one of the remedies is a footage request.
  await chief.goto(new URL(`/cameras/${task.closed}`, task.page).href)
  const refusal = chief.locator('[data-testid=refusal][data-rule=no_consent]')
  await refusal.waitFor()
  want((await refusal.locator('li').count()) >= 2, `no remedies: ${await refusal.innerText()}`)
  want((await chief.getByTestId('watch-live').count()) === 0, 'a refused look is offered')
  await shoot(chief, 'refusal')
  await go(chief, 'footage')
  await chief.getByTestId('footage-new').click()
  await chief.getByTestId('footage-form-submit').click()
  await chief.locator('.ant-form-item-explain-error').first().waitFor()
  await choose(chief, 'area-camera', task.closed_name)
  await chief.getByTestId('footage-case').fill('A-2026-17')
  await chief.getByTestId('footage-reason').fill('寻找被盗自行车')
  await chief.getByTestId('footage-form-submit').click()
  await chief.locator('[data-testid=footage-row][data-state=open][data-answers="0"]').waitFor()

  // The owner opens one camera.
  const owner = await enter('owner')
  await go(owner, 'footage')
  await owner.locator('[data-testid=footage-received-row][data-state=open]').waitFor({ timeout: 20_000 })
  await owner.getByTestId('footage-answer-open').click()
  await owner.getByTestId('footage-answer-form').waitFor()
  await choose(owner, 'footage-cameras', task.closed_name)
  await owner.getByTestId('footage-words').click() // closes the list
  await owner.getByTestId('footage-words').fill('门口的一段')
  await owner.getByTestId('footage-answer-form-submit').click()
  await owner.getByTestId('footage-revoke').waitFor()
  await shoot(owner, 'footage-received')
  await chief.locator('[data-testid=footage-row][data-answers="1"]').waitFor({ timeout: 20_000 })
  want((await chief.getByTestId('footage-answer').innerText()).includes('门口的一段'), 'the asker does not see the answer')
  await shoot(chief, 'footage')

  // A drill opens the camera, and says that it is one.
  const commander = await enter('commander')
  await go(commander, 'incidents')
  await commander.getByTestId('incident-new').click()
  await commander.getByTestId('incident-name').fill('湖滨消防演练')
  await commander.getByTestId('incident-reason').fill('年度演练')
  await choose(commander, 'area-camera', task.closed_name)
  await commander.getByTestId('incident-drill').check()
  await commander.getByTestId('incident-form-submit').click()
  await commander.locator('[data-testid=incident-row][data-state=active]').waitFor()
  want((await commander.getByTestId('drill').count()) === 1, 'a drill is not called one')
  await shoot(commander, 'incidents')
  await commander.getByTestId('incident-open').click()
  await commander.getByTestId('incident-record').getByRole('link', { name: task.closed_name }).waitFor()
  await commander.locator('.ant-drawer-close').click()
  await chief.goto(new URL(`/cameras/${task.closed}`, task.page).href)
  await chief.locator('.stage-cover').waitFor()
  await chief.getByTestId('refusal').waitFor({ state: 'detached', timeout: 20_000 })
  await commander.getByTestId('incident-end').click()
  await commander.getByTestId('act-confirm').click()
  await commander.locator('[data-testid=incident-row][data-state=ended]').waitFor()

  // What the owner was told and what his ledger says, also as a file.
  await go(owner, 'notifications')
  for (const kind of ['incident_started', 'incident_ended', 'footage_request']) await owner.locator(`[data-testid=notification-row][data-kind=${kind}]`).first().waitFor({ timeout: 20_000 })
  await owner.getByTestId('nav-ledger').click()
  await owner.getByTestId('ledger-page').waitFor()
  await owner.locator('[data-testid=ledger-row][data-kind=look]').first().waitFor({ timeout: 60_000 })
  want((await owner.getByTestId('ledger-row').first().innerText()).includes('值班监看'), 'the ledger does not say why somebody looked')
  await shoot(owner, 'ledger')
  const [file] = await Promise.all([owner.waitForEvent('download'), owner.getByTestId('ledger-csv').click()])
  const lines = (await text(file)).trim().split('\n')
  want(lines.length >= 2 && lines.some((l) => l.includes('值班监看')), `the export has ${lines.length} lines: ${lines[0]}`)

  // Help for a while, asked for and ended.
  await go(owner, 'support')
  await owner.getByTestId('support-new').click()
  await owner.getByTestId('support-reason').fill('画面偶尔模糊')
  await owner.getByTestId('support-form-submit').click()
  await owner.locator('[data-testid=support-row][data-state=open]').waitFor()
  await owner.getByTestId('support-close').click()
  await owner.getByTestId('act-confirm').click()
  await owner.locator('[data-testid=support-row][data-state=closed]').waitFor()

  // One of the owner's cameras for another's hours, asked for, approved and taken back.
  await go(commander, 'sharing')
  await commander.getByTestId('sharing-new').click()
  await commander.getByTestId('sharing-cameras').locator('input').fill(task.closed)
  await commander.getByTestId('sharing-cameras').locator('input').press('Enter')
  await commander.getByTestId('sharing-reason').fill('路口改造')
  await commander.getByTestId('sharing-form-submit').click()
  await commander.locator('[data-testid=sharing-row][data-state=asked]').waitFor()
  await go(owner, 'sharing')
  await owner.getByTestId('sharing-approve').click()
  await owner.locator('[data-testid=sharing-row][data-state=approved]').waitFor()
  await owner.getByTestId('sharing-revoke').click()
  await owner.getByTestId('act-confirm').click()
  await owner.locator('[data-testid=sharing-row][data-state=revoked]').waitFor()
}

function want(condition, message) {
  if (!condition) throw new Error(message)
}

// choose picks an option of a list by its words.
async function choose(page, testid, words) {
  await page.getByTestId(testid).click()
  await page.locator('.ant-select-item-option').filter({ hasText: words }).last().click()
}

async function text(download) {
  const chunks = []
  for await (const chunk of await download.createReadStream()) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
