// Tasks on the portal's own pages: what a person without or with an account sees.

// run opens the page and follows the task: 'share' reports the picture every
// quarter of a second as JSON lines until the process is ended or task.seconds are over.
export async function run({ page, task, say, logs }) {
  if (task.step === 'share') return follow(page, task, say, logs)
  if (task.step === 'sign-in') return signIn(page, task, say, logs)
  throw new Error(`unknown step ${task.step}`)
}

async function follow(page, task, say, logs) {
  const end = Date.now() + task.seconds * 1000
  while (Date.now() < end) {
    const seen = await page.evaluate(() => {
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
    })
    say({ at: Date.now(), ...seen })
    await page.waitForTimeout(250)
  }
  say({ done: true, logs: logs.slice(-20) })
}

// signIn signs in, opens a camera and counts the live picture's frames.
async function signIn(page, task, say, logs) {
  await page.getByTestId('login-login').fill(task.login)
  await page.getByTestId('login-password').fill(task.password)
  await page.getByTestId('login-submit').click()
  await page.getByTestId('camera-list').waitFor()
  say({ signedIn: true, text: (await page.locator('body').innerText()).slice(0, 2000) })
  await page.getByText(task.camera, { exact: false }).first().click()
  await page.locator('gatepost-player').waitFor()
  await follow(page, task, say, logs)
}
