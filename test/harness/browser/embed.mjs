// The embed page of a share link, in a frame on another site.

// run tells what the frame of task.page shows after task.seconds at most: as soon as it has
// pictures enough, once more in full screen.
export async function run({ page, task, say, logs }) {
  const end = Date.now() + task.seconds * 1000
  let seen = await look(page)
  while (Date.now() < end && seen.frames < (task.frames ?? 1) && !seen.refused) {
    await page.waitForTimeout(200)
    seen = await look(page)
  }
  if (seen.frames > 0) seen.full = await fullScreen(page)
  say({ ...seen, logs: logs.slice(-20) })
}

// inside is the frame with the embed page; Chromium puts a page of its own where it refuses one.
const inside = (page) => page.frames().find((f) => f !== page.mainFrame())

async function look(page) {
  const frame = inside(page)
  const url = frame?.url() ?? ''
  if (url.startsWith('chrome-error:')) return { refused: true, frames: 0 }
  if (!url.includes('/embed/')) return { refused: false, frames: 0 }
  return frame.evaluate(() => {
    const player = document.querySelector('gatepost-player')
    const video = player?.video
    return {
      refused: false,
      frames: video?.getVideoPlaybackQuality?.().totalVideoFrames ?? 0,
      state: player?.store?.snapshot.state ?? '',
      said: document.getElementById('said')?.textContent ?? '',
      lang: document.documentElement.lang,
    }
  }).catch(() => ({ refused: false, frames: 0 }))
}

// fullScreen presses the player's button and tells whether the watermark is on the picture then.
async function fullScreen(page) {
  const frame = inside(page)
  const marks = () => frame.evaluate(() => {
    const player = document.querySelector('gatepost-player')
    const video = player.video.getBoundingClientRect()
    const spans = [...player.shadowRoot.querySelectorAll('[part=watermark] span')].filter((s) => {
      const r = s.getBoundingClientRect()
      return r.width > 0 && r.height > 0 && r.left < video.right && r.right > video.left && r.top < video.bottom && r.bottom > video.top &&
        getComputedStyle(s).visibility === 'visible' && getComputedStyle(s.parentElement).display !== 'none'
    })
    return { full: document.fullscreenElement === player, marks: spans.length, text: spans[0]?.textContent ?? '' }
  })
  const before = await marks()
  await frame.locator('gatepost-player').hover()
  await frame.getByTestId('player-fullscreen').click()
  await frame.waitForFunction(() => document.fullscreenElement !== null)
  return { before, after: await marks() }
}
