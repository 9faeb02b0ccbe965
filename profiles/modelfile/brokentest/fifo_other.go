//go:build !unix

package brokentest

import "errors"

func mkfifo(string) error { return errors.ErrUnsupported }
