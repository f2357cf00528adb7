import { defineConfig } from 'vitest/config';

// Three entries: the client needs no DOM, the two elements register themselves.
// hls.js stays outside, and is imported only when a player takes HLS.
export default defineConfig({
  build: {
    target: 'es2022',
    sourcemap: true,
    minify: false,
    lib: {
      entry: { index: 'src/index.ts', player: 'src/player.ts', timeline: 'src/timeline.ts' },
      formats: ['es'],
    },
    rollupOptions: { external: [/^hls\.js/] },
  },
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    restoreMocks: true,
  },
});
