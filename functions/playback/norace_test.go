//go:build !race

package playback_test

// raceDetector tells that times mean nothing.
const raceDetector = false
