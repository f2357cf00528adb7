import { defineConfig } from 'vitest/config';

// Four entries: client and evidence need no DOM, the two elements register themselves.
// hls.js stays outside, and is imported only when a player takes HLS; so do the hashes.
export default defineConfig({
  build: {
    target: 'es2022',
    sourcemap: true,
    minify: false,
    lib: {
      entry: { index: 'src/index.ts', evidence: 'src/evidence.ts', player: 'src/player.ts', timeline: 'src/timeline.ts' },
      formats: ['es'],
    },
    rollupOptions: { external: [/^hls\.js/, /^@noble\//] },
  },
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    restoreMocks: true,
  },
});
