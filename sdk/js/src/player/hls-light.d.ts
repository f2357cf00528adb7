// The light build of hls.js (no subtitles, DRM or interstitials) comes without types of its own.
declare module 'hls.js/light' {
  export * from 'hls.js';
  export { default } from 'hls.js';
}
