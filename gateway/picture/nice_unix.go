//go:build unix

package picture

import "syscall"

// lower has a process give way to the media. One that it cannot be said of is over
// already, or runs as it is.
func lower(pid int) { _ = syscall.Setpriority(syscall.PRIO_PROCESS, pid, 15) }
