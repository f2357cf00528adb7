//go:build unix

package ffmpeg

import "syscall"

// lower has a process give way. One that it cannot be said of is over already, or runs
// as it is.
func lower(pid, nice int) { _ = syscall.Setpriority(syscall.PRIO_PROCESS, pid, nice) }
