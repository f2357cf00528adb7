// Package harness runs the real binary with real programs around it: ffmpeg and
// Chromium as cameras and viewers, PostgreSQL and an S3 server as engines. It is
// what end-to-end, chaos, load and contract tests have in common.
//
// Everything that it starts ends with the test that started it; PostgreSQL and
// Chromium, which all tests share, end with the last. Nothing here judges: a
// helper fails its test only when it cannot do what it was asked for.
package harness
