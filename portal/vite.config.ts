import react from '@vitejs/plugin-react';
import { defaultClientConditions } from 'vite';
import { defineConfig } from 'vitest/config';

// The API of a running gatepost, for `npm run dev`.
const api = process.env['GATEPOST_API'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  // The SDK is built from its sources, so that it need not be built first.
  resolve: { conditions: ['source', ...defaultClientConditions] },
  build: {
    target: 'es2022',
    // No inlined assets: the policy of the server forbids data: scripts, and one file more is cheap.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
    // The portal, and the page that others show in a frame.
    rollupOptions: { input: ['index.html', 'embed.html'] },
  },
  server: { proxy: { '/v1': api, '/.well-known': api } },
  test: { include: ['test/**/*.test.{ts,tsx}'], environment: 'happy-dom', restoreMocks: true },
});
