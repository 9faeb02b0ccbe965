//go:build unix

package detect

import (
	"os/exec"
	"syscall"
)

// endGroup lets the end of the time limit end the command's children too, and
// returns what ends them.
func endGroup(cmd *exec.Cmd) func() error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd.Cancel
}
