// The Chromium of all tasks of a test binary: it prints where drive.mjs finds it, and
// ends when standard input does. To start one takes longer than most of them.
import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'

const server = await chromium.launchServer({
  host: '127.0.0.1',
  // The shell is the same Chromium without windows, which nobody sees here.
  executablePath: ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync),
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--autoplay-policy=no-user-gesture-required',
    '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
  ],
})
process.stdout.write(`${server.wsEndpoint()}\n`)
process.stdin.on('end', () => server.close()).resume()
