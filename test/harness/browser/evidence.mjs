// Tasks on evidence: to export it on a camera's page, and to check it without an
// account.

export async function run(on) {
  if (on.task.step === 'export') return order(on)
  if (on.task.step === 'verify') return verify(on)
  throw new Error(`unknown step ${on.task.step}`)
}

function want(condition, message) {
  if (!condition) throw new Error(message)
}

async function shoot({ page, task }, name) {
  if (!task.shots) return
  await page.waitForTimeout(600) // what fades in has arrived
  await page.screenshot({ path: `${task.shots}/${name}.${task.locale.startsWith('zh') ? 'zh' : 'en'}.png`, animations: 'disabled' })
}

// order signs in, exports the last minute for a case, and saves the file.
async function order(on) {
  const { page, task, say } = on
  const id = (name) => page.getByTestId(name)
  await id('login-login').fill(task.login)
  await id('login-password').fill(task.password)
  await id('login-submit').click()
  await id('camera-page').waitFor()
  await id('export').click()
  await id('export-form').waitFor()
  await id('export-submit').click()
  await page.locator('.ant-form-item-explain-error').first().waitFor()
  await id('export-purpose').click()
  await page.locator('.ant-select-item-option').first().click()
  await id('export-reason').fill('端到端测试，核对收银台')
  await id('export-submit').click()
  await page.getByText('办理案件须填写案件编号').waitFor()
  await id('export-case').fill('2026-17')
  await shoot(on, 'export')
  await id('export-submit').click()
  await id('export-form').waitFor({ state: 'hidden' })
  await id('tab-evidence').click()
  await page.locator('[data-testid=evidence-row][data-state=ready]').waitFor({ timeout: 60_000 })
  await page.setViewportSize({ width: 1280, height: 1300 })
  await shoot(on, 'exports')
  const [download] = await Promise.all([page.waitForEvent('download'), id('evidence-download').click()])
  await download.saveAs(task.file)
  want(/^gatepost-evidence-.*\.zip$/.test(download.suggestedFilename()), `the file is called ${download.suggestedFilename()}`)
  say({ exported: true })
}

// verify checks files one after the other; want is '' for one that is whole.
async function verify(on) {
  const { page, task, say } = on
  const id = (name) => page.getByTestId(name)
  const told = async () => (await page.locator('body').innerText()).slice(0, 600)
  await id('verify-page').waitFor()
  const fill = async (field, text) => {
    if (!(await id(field).isVisible())) await id('verify-options').click()
    await id(field).fill(text)
  }
  const seen = new Set()
  for (const check of task.checks) {
    await page.locator('[data-testid=verify-page][data-state=waiting]').waitFor()
    if (seen.size === 0 && !check.checkpoint) await shoot(on, 'verify')
    if (check.checkpoint) await fill('verify-checkpoint', check.checkpoint)
    if (check.keys) await fill('verify-keys', check.keys)
    await page.locator('input[type=file]').setInputFiles(check.file)
    await page.locator('[data-testid=verify-page]:is([data-state=whole],[data-state=refused],[data-state=failed])').waitFor({ timeout: 30_000 })
    const state = await id('verify-page').getAttribute('data-state')
    if (check.want === '') {
      want(state === 'whole', `${check.file} is ${state}: ${await told()}`)
      await page.waitForFunction(() => document.querySelector('[data-testid=verify-film]')?.videoWidth > 0, null, { timeout: 20_000 })
      await page.setViewportSize({ width: 1280, height: 1250 })
      await shoot(on, 'verify-whole')
      await page.setViewportSize({ width: 1280, height: 800 })
    } else {
      want(state === 'refused', `${check.file} is ${state}, want ${check.want}: ${await told()}`)
      const kinds = await id('verify-finding').evaluateAll((all) => all.map((e) => e.dataset.kind))
      want(kinds.join() === check.want, `${check.file}: ${kinds}, want ${check.want}: ${await told()}`)
      if (check.want === 'changed') await shoot(on, 'verify-refused')
    }
    seen.add(check.want)
    await id('verify-again').click()
    if (check.checkpoint) await fill('verify-checkpoint', '')
    if (check.keys) await fill('verify-keys', '')
  }
  say({ verified: seen.size })
}
