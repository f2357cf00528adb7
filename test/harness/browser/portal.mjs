// Tasks on the portal's own pages: what a person without or with an account sees.

// run opens the page and follows the task: 'share' reports the picture every
// quarter of a second as JSON lines until the process is ended or task.seconds
// are over; 'walk' goes through every page as the owner of the demo's cameras.
export async function run(on) {
  if (on.task.step === 'share') return follow(on)
  if (on.task.step === 'walk') return walk(on)
  if (on.task.step === 'visit') return visit(on)
  throw new Error(`unknown step ${on.task.step}`)
}

const picture = () => {
  const find = (root) => {
    for (const el of root.querySelectorAll('*')) {
      if (el.localName === 'video') return el
      const inner = el.shadowRoot && find(el.shadowRoot)
      if (inner) return inner
    }
    return null
  }
  const video = find(document)
  const player = document.querySelector('gatepost-player')
  return {
    frames: video ? video.getVideoPlaybackQuality().totalVideoFrames : -1,
    time: video?.currentTime ?? 0,
    paused: video?.paused ?? true,
    state: player?.store.snapshot.state ?? '',
    text: document.body.innerText.slice(0, 2000),
  }
}

async function follow({ page, task, say, logs }) {
  const end = Date.now() + task.seconds * 1000
  while (Date.now() < end) {
    say({ at: Date.now(), ...(await page.evaluate(picture)) })
    await page.waitForTimeout(250)
  }
  say({ done: true, logs: logs.slice(-20) })
}

// moving waits until n more pictures have been decoded and the player's clock has advanced.
async function moving(page, what, n = 20) {
  const before = await page.evaluate(picture)
  const end = Date.now() + 20_000
  for (;;) {
    const now = await page.evaluate(picture)
    const fresh = now.frames < before.frames ? now.frames : now.frames - before.frames
    if (fresh >= n && now.time > 0 && now.state === 'playing') return
    if (Date.now() > end) throw new Error(`${what}: ${fresh} pictures in 20 s, ${now.state}: ${now.text.slice(0, 400)}`)
    await page.waitForTimeout(100)
  }
}

function want(condition, message) {
  if (!condition) throw new Error(message)
}

// walk goes through the pages in one language, and saves a screenshot of each
// when task.shots names a folder.
async function walk({ page, context, task, say, logs }) {
  const zh = task.locale.startsWith('zh')
  const lang = zh ? 'zh' : 'en'
  const id = (name) => page.getByTestId(name)
  const text = async () => page.locator('body').innerText()
  const shoot = async (name, of = page, scrolled = false) => {
    if (!task.shots) return
    await of.waitForTimeout(600) // what fades in or scrolls has arrived
    if (!scrolled) await of.evaluate(() => globalThis.scrollTo(0, 0))
    await of.screenshot({ path: `${task.shots}/${name}.${lang}.png`, animations: 'disabled' })
  }
  const phone = async (name) => {
    if (!task.shots || !zh) return
    await page.setViewportSize({ width: 390, height: 844 })
    await shoot(`${name}.phone`)
    await page.setViewportSize({ width: 1280, height: 800 })
  }
  const has = async (words, where) => want((await text()).includes(words), `${where} does not say ${words}: ${(await text()).slice(0, 600)}`)

  await id('login-login').waitFor()
  await has(zh ? '账号' : 'Login', 'the sign-in page')
  await shoot('sign-in')
  await phone('sign-in')
  await id('login-login').fill(task.login)
  await id('login-password').fill('not the password')
  await id('login-submit').click()
  await id('login-error').waitFor()
  await has(zh ? '账号或密码不正确' : 'Login or password is wrong', 'the sign-in page')
  await id('login-password').fill(task.password)
  await id('login-submit').click()
  await id('camera-list').waitFor()
  await page.locator('[data-testid=camera-online][data-online=true]').first().waitFor()
  await has(zh ? '在线' : 'Online', 'the list of cameras')
  await shoot('cameras')
  await phone('cameras')

  // Enrol: a wrong field is told at the field, nothing is lost.
  await id('enrol').click()
  await id('enrol-name').waitFor()
  await shoot('enrol')
  await id('enrol-name').fill(zh ? '后门' : 'Back door')
  await id('enrol-longitude').fill('999')
  await id('enrol-latitude').fill('30.2')
  await id('enrol-submit').click()
  await page.locator('.ant-form-item-explain-error').first().waitFor()
  want((await id('enrol-name').inputValue()) !== '', 'a wrong field empties the form')
  const wrong = await page.locator('.ant-form-item', { has: id('enrol-longitude') }).last().innerText()
  want(wrong.includes(zh ? '经度在 -180 与 180 之间' : '180'), `the wrong longitude is not told at its field: ${wrong}`)
  await shoot('enrol-error', page, true)
  await id('enrol-longitude').fill('120.16')
  await tick(page, 'enrol-banned')
  await tick(page, 'enrol-sign')
  await id('enrol-submit').click()
  await id('national-id').waitFor()
  await id('publish-qr').waitFor()
  const enrolled = { national_id: (await id('national-id').innerText()).trim(), key: (await id('stream-key').innerText()).trim(), rtmp: (await id('publish-url-rtmp').innerText()).trim() }
  want(enrolled.rtmp.includes(enrolled.key), 'the push URL does not hold the key that is shown')
  want(((await id('publish-qr').locator('svg path').last().getAttribute('d')) ?? '').length > 500, 'the QR code is empty')
  await shoot('enrolled')

  // Live.
  await page.goto(new URL('/cameras', task.page).href)
  await page.locator(`[data-testid=camera-row][data-camera="${task.camera}"]`).click()
  await id('watch-live').click()
  await moving(page, 'live')
  await has(zh ? '实时画面' : 'Live', 'the camera page')
  await shoot('camera-live')
  await phone('camera')

  // The recording, by a click on the timeline.
  await page.waitForFunction(() => document.querySelector('gatepost-timeline')?.spans?.some((s) => s.state === 'recorded'), null, { timeout: 60_000 })
  await clickRecorded(page)
  await page.waitForFunction(() => document.querySelector('gatepost-player')?.store.snapshot.live === false, null, { timeout: 20_000 })
  await moving(page, 'playback')
  await has(zh ? '回到实时' : 'Back to live', 'the camera page')
  await pointed(page)
  await shoot('camera-playback')
  if (task.shots) {
    await id('acceptance').and(page.locator('[data-passed]')).waitFor({ timeout: 60_000 })
    await page.setViewportSize({ width: 1280, height: 1200 })
    await shoot('acceptance')
  }

  // Who looked: the two looks just made.
  await id('tab-looks').click()
  await id('look-row').nth(1).waitFor()
  await page.setViewportSize({ width: 1280, height: 1500 })
  await has(zh ? '本单位查看' : 'Own camera', 'the list of looks')
  await shoot('who-looked')

  // A share link: made, opened by a stranger, revoked.
  await id('tab-shares').click()
  await id('share-new').click()
  await id('share-form').waitFor()
  await id('share-label').fill(zh ? '保险公司' : 'Insurer')
  await id('share-basis').fill(zh ? '合同 4711' : 'contract 4711')
  for (const [name, value] of [['share-networks', '127.0.0.0/8'], ['share-origins', 'https://www.example.org']]) {
    await id(name).locator('input').fill(value)
    await id(name).locator('input').press('Enter')
  }
  await id('share-submit').click()
  await id('share-url').waitFor()
  want(/^<iframe src="[^"]+\/embed\/[^"]+#[^"]+"/.test(await id('share-embed').innerText()), 'there is no code to embed the link')
  await id('share-form').waitFor({ state: 'hidden' })
  await shoot('share-made')
  const url = await id('share-url').innerText()
  want(/\/s#[^/]+$/.test(url.trim()), 'the token of a link is where servers log it')
  const stranger = await context.browser().newContext({ reducedMotion: 'reduce', locale: task.locale, viewport: { width: 1280, height: 800 } })
  const other = await stranger.newPage()
  await other.goto(url.trim())
  await moving(other, 'share page')
  await shoot('share-page', other)
  await id('share-made-close').click()
  await id('share-url').waitFor({ state: 'hidden' })
  await page.locator('.ant-modal-wrap').first().waitFor({ state: 'hidden' })
  want((await id('share-row').first().innerText()).includes(zh ? '有效' : 'valid'), 'the new link is not listed as valid')
  for (const fact of ['127.0.0.0/8', 'https://www.example.org', '4711']) want((await id('share-row').first().innerText()).includes(fact), `the list does not show ${fact}`)
  await shoot('shares')
  await id('share-openings').first().click()
  await page.locator('[data-testid=share-opening][data-act=open]').first().waitFor()
  await page.keyboard.press('Escape')
  await id('share-opening').first().waitFor({ state: 'hidden' })
  const which = zh ? 'share-revoke' : 'share-revoke-all'
  await id(which).first().click()
  await id(`${which}-confirm`).click()
  await other.waitForFunction(() => document.querySelector('gatepost-player')?.store.snapshot.state === 'denied' || document.querySelector('[data-testid=share-ended],[data-testid=share-gone]'), null, { timeout: 15_000 })
  await shoot('share-revoked', other)
  await other.goto(url.trim())
  await other.reload()
  await other.getByTestId('share-gone').waitFor()
  want((await other.locator('body').innerText()).includes(zh ? '链接已失效' : 'This link no longer works'), 'a revoked link is not refused in words')
  await shoot('share-refused', other)
  await page.locator('[data-testid=share-row][data-status=revoked]').first().waitFor()
  await stranger.close()

  // Every link of the organisation.
  await id('user-menu').click()
  await id('nav-shares').click()
  await page.waitForURL('**/shares')
  await page.locator('[data-testid=share-row][data-status=revoked]').first().waitFor()
  want((await id('share-row').first().innerText()).includes('4711'), 'the list of all links does not show the newest')

  // The other language, and out.
  await page.setViewportSize({ width: 1280, height: 800 })
  const before = await text()
  await id('language').click()
  await page.waitForFunction((words) => document.body.innerText !== words, before)
  await has(zh ? 'Share links' : '分享链接', 'the page in the other language')
  await id('user-menu').click()
  await id('sign-out').click()
  await id('login-login').waitFor()
  say({ walked: true, ...enrolled, logs: logs.slice(-10) })
}

// tick answers a yes-or-no question of a form with yes, however it is drawn.
async function tick(page, name) {
  const at = page.getByTestId(name)
  const box = at.locator('input').first()
  if (await box.count()) await box.check({ force: true })
  else await at.click()
}

// clickRecorded brings the first recorded stretch to the middle of the timeline
// with the wheel and by dragging, as a person does, and clicks into it.
async function clickRecorded(page) {
  const line = page.locator('gatepost-timeline')
  await line.scrollIntoViewIfNeeded()
  const box = await line.boundingBox()
  const at = (offset) => line.evaluate((el, offset) => {
    const t = el.spans.find((s) => s.state === 'recorded').from + offset
    return ((t - el.view.from.getTime()) / (el.view.to.getTime() - el.view.from.getTime())) * el.clientWidth
  }, offset)
  const y = box.y + 26
  await page.mouse.move(box.x + (await at(0)), y)
  for (let i = 0; i < 10; i++) await page.mouse.wheel(0, -200)
  await page.waitForFunction(() => {
    const { from, to } = document.querySelector('gatepost-timeline').view
    return to - from < 200_000
  })
  const way = box.width / 2 - (await at(0))
  const start = way > 0 ? box.width * 0.45 : box.width * 0.95
  await page.mouse.move(box.x + start, y + 30)
  await page.mouse.down()
  await page.mouse.move(box.x + start + way / 2, y + 30)
  await page.mouse.move(box.x + start + way, y + 30)
  await page.mouse.up()
  await page.mouse.click(box.x + (await at(1500)), y)
}

// pointed holds that the timeline shows the picture of the moment that is pointed at, by
// mouse and by keys, that nothing moves for it, and that nothing is left of it.
async function pointed(page) {
  const line = page.locator('gatepost-timeline')
  const preview = page.getByTestId('timeline-preview')
  const before = await line.boundingBox()
  const at = await line.evaluate((el) => {
    const t = el.spans.find((s) => s.state === 'recorded').from + 3000
    return ((t - el.view.from.getTime()) / (el.view.to.getTime() - el.view.from.getTime())) * el.clientWidth
  })
  await page.mouse.move(before.x + at, before.y + 26)
  const shown = async (how) => {
    await page.locator('gatepost-timeline [part=preview]:not([hidden]):not([data-stale])').waitFor({ timeout: 20_000 })
    const colours = await preview.evaluate((c) => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size)
    want(colours > 100, `the picture shown by ${how} has ${colours} colours`)
    return preview.evaluate((c) => [Date.parse(c.dataset.time), c.width])
  }
  const [time, width] = await shown('mouse')
  const asked = await line.evaluate((el) => el.spans.find((s) => s.state === 'recorded').from + 3000)
  want(width === 320 && time <= asked + 1000 && time > asked - 12_000, `a picture ${width} wide of ${asked - time} ms before the moment`)
  const after = await line.boundingBox()
  want(before.x === after.x && before.y === after.y && before.height === after.height, 'the timeline moves when it shows a picture')
  await page.mouse.move(before.x + before.width / 2, before.y - 300)
  await preview.waitFor({ state: 'hidden' })
  await line.focus()
  await page.keyboard.press('ArrowRight')
  await shown('keys')
  await line.evaluate((el) => el.blur())
  await preview.waitFor({ state: 'hidden' })
}

// visit opens a camera as somebody who does not own it: he registers why before
// the first picture, or is told in words that there is nothing for him.
async function visit({ page, task, say }) {
  const id = (name) => page.getByTestId(name)
  await id('login-login').fill(task.login)
  await id('login-password').fill(task.password)
  await id('login-submit').click()
  await id('cameras-page').waitFor()
  await page.goto(new URL(`/cameras/${task.camera}`, task.page).href)
  if (task.refused) {
    await page.locator('.stage-cover').waitFor()
    const words = await page.locator('body').innerText()
    want(words.includes(task.refused), `the refusal says ${words.slice(0, 300)}`)
    want((await id('watch-live').count()) === 0, 'somebody who may not watch is offered to')
    want((await page.evaluate(picture)).frames <= 0, 'there are pictures for somebody who may not watch')
  } else {
    await id('watch-live').click()
    await id('purpose-form').waitFor()
    await id('purpose-submit').click()
    await page.locator('.ant-form-item-explain-error').first().waitFor()
    want((await page.evaluate(picture)).frames <= 0, 'there are pictures before a purpose')
    await id('purpose-kind').click()
    await page.locator('.ant-select-item-option').nth(4).click()
    await id('purpose-reason').fill(task.reason)
    await id('purpose-submit').click()
    await moving(page, 'after the purpose')
  }
  say({ visited: true })
}
