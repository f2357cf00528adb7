// What the owner of a camera that is away does about it.

// run takes the work order of task.camera, whose name is task.name, says that it is done,
// and plans an outage.
export async function run({ page, task, say }) {
  await page.getByTestId('login-login').fill(task.login)
  await page.getByTestId('login-password').fill(task.password)
  await page.getByTestId('login-submit').click()
  await page.getByTestId('cameras-page').waitFor()
  await page.goto(new URL('/faults', task.page).href)
  await page.locator(`[data-testid=fault-row][data-kind=offline][data-camera="${task.camera}"]`).waitFor()
  if (task.shots) await page.screenshot({ path: `${task.shots}/faults.zh.png`, animations: 'disabled' })

  await page.getByTestId('tab-orders').click()
  const order = (state) => page.locator(`[data-testid=order-row][data-camera="${task.camera}"][data-state=${state}]`)
  await order('open').getByTestId('order-take').click()
  await order('taken').getByTestId('order-done').click()
  await page.getByTestId('repair-form').waitFor()
  await choose(page, 'repair-cause', '供电')
  await page.getByTestId('repair-note').fill('换了电源')
  await page.getByTestId('repair-form-submit').click()
  await order('done').getByText('换了电源').waitFor()
  if (task.shots) await page.screenshot({ path: `${task.shots}/work-orders.zh.png`, animations: 'disabled' })

  await page.getByTestId('tab-outages').click()
  await page.getByTestId('outage-new').click()
  await page.getByTestId('outage-form').waitFor()
  await choose(page, 'outage-camera', task.name)
  await page.getByTestId('outage-reason').fill('装修停电')
  await page.getByTestId('outage-form-submit').click()
  await page.locator(`[data-testid=outage-row][data-camera="${task.camera}"]`).getByText('装修停电').waitFor()
  say({ walked: true })
}

async function choose(page, testid, text) {
  await page.getByTestId(testid).click()
  await page.locator('.ant-select-item-option').filter({ hasText: text }).last().click()
}
