// Drives a real Chromium for the end-to-end tests. One task per run: where Chromium
// listens and a JSON argument in, JSON lines out on standard output.
import { chromium } from 'playwright-core'

const task = JSON.parse(process.argv[3])
const browser = await chromium.connect(process.argv[2])
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)
try {
  const context = await browser.newContext({ reducedMotion: 'reduce', locale: task.locale ?? 'en-US', viewport: task.viewport ?? { width: 1280, height: 800 } })
  const page = await context.newPage()
  const logs = []
  page.on('console', (m) => logs.push(`${m.type()}: ${m.text()}`))
  page.on('pageerror', (e) => logs.push(`pageerror: ${e.message}`))
  await page.goto(task.page)
  if (task.what === 'watch') say({ ...(await watch(page, task)), logs: logs.slice(-20) })
  else if (task.what === 'publish') await publish(page, task)
  else if (task.what === 'portal') await (await import('./portal.mjs')).run({ page, context, task, say, logs, browser })
  else if (task.what === 'embed') await (await import('./embed.mjs')).run({ page, task, say, logs })
  else if (task.what === 'evidence') await (await import('./evidence.mjs')).run({ page, context, task, say })
  else if (task.what === 'duty') await (await import('./duty.mjs')).run({ browser, task, say })
  else if (task.what === 'faults') await (await import('./faults.mjs')).run({ page, task, say })
  else if (task.what === 'report') await (await import('./report.mjs')).run({ browser, task, say })
  else if (task.what === 'people') await (await import('./people.mjs')).run({ page, task, say, logs, browser })
  else throw new Error(`unknown task ${task.what}`)
} catch (e) {
  // What its pages showed says more than what they did not.
  for (const page of browser.contexts().flatMap((c) => c.pages())) {
    const text = await page.evaluate(() => document.body.innerText).catch((e) => e.message)
    console.error(`page ${new URL(page.url()).pathname}: ${text.replaceAll(/\s+/g, ' ').slice(0, 600)}`)
  }
  throw e
} finally {
  await browser.close()
}

// watch plays a grant in <gatepost-player> and tells what was decoded: frames
// and the player's clock over task.seconds, counted from the first picture, of
// which it tells when it is there.
async function watch(page, task) {
  await page.exposeFunction('began', () => say({ began: true }))
  return page.evaluate(async (task) => {
    const wait = (ms) => new Promise((done) => setTimeout(done, ms))
    const player = document.querySelector('gatepost-player')
    const states = []
    player.addEventListener('statechange', (e) => states.push(`${e.detail.state} ${e.detail.transport ?? ''} ${e.detail.reason ?? ''}`))
    const asked = performance.now()
    if (task.mode === 'hls' || task.mode === 'whep') player.setAttribute('mode', task.mode)
    player.grant = task.grant
    const video = () => player.video
    const frames = () => video()?.getVideoPlaybackQuality().totalVideoFrames ?? 0
    const deadline = asked + (task.patience ?? 15) * 1000
    while (frames() < 1 && performance.now() < deadline) await wait(5)
    if (frames() < 1) return { frames: 0, advanced: 0, first_frame_ms: -1, states, error: video()?.error?.message ?? '' }
    const firstFrame = performance.now() - asked
    window.began()
    const f0 = frames()
    const samples = []
    let last = video().currentTime
    let advanced = 0
    let longest = 0
    let still = performance.now()
    const end = performance.now() + task.seconds * 1000
    while (performance.now() < end) {
      await wait(50)
      const now = video().currentTime
      if (now > last) {
        advanced += Math.min(now - last, 1)
        longest = Math.max(longest, performance.now() - still)
        still = performance.now()
      }
      last = now
      samples.push(frames())
    }
    longest = Math.max(longest, performance.now() - still)
    return {
      frames: frames() - f0, advanced, first_frame_ms: Math.round(firstFrame), longest_still_ms: Math.round(longest),
      width: video().videoWidth, height: video().videoHeight, duration: video().duration || 0, position: video().currentTime,
      ended: video().ended, state: player.store.snapshot.state, transport: player.store.snapshot.transport, states,
    }
  }, task)
}

// publish pushes Chromium's fake camera by WHIP until this process is ended.
async function publish(page, task) {
  await page.evaluate(async (task) => {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 360, frameRate: 25 }, audio: true })
    window.publisher = await window.gatepost.publish({ whipUrl: task.url, key: task.key, stream })
  }, task)
  say({ published: true })
  await new Promise(() => {})
}
