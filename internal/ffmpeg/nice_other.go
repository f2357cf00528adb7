//go:build !unix

package ffmpeg

// lower does nothing here.
func lower(int, int) {}
