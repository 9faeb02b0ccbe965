//go:build unix

package brokentest

import "syscall"

func mkfifo(path string) error { return syscall.Mkfifo(path, 0o600) }
