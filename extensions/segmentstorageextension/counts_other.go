//go:build !(linux || darwin || freebsd || netbsd || openbsd)

package segmentstorageextension

import (
	"errors"
	"os"
)

// mapFile fails where files are written instead.
func mapFile(*os.File, int) ([]byte, error) { return nil, errors.ErrUnsupported }

func unmapFile([]byte) error { return nil }
