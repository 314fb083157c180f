//go:build unix

package logstore

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"yuzhou/kernel/fault"
)

// lock makes this process the one that appends. The system lets go of the lock when
// the process ends, however it ends.
//
// Errors: fault.Busy when another process has it.
func lock(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, ".open"), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // in the log's folder
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	_ = f.Close() // says nothing that matters
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, &fault.Fault{Kind: fault.Busy, Text: "the log in " + dir + " is open in another process, which appends to it", Err: err}
	}
	return nil, err
}
