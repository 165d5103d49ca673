//go:build !unix

package segmentstorageextension

// freeBytes knows nothing where there is no statfs.
func freeBytes(string) (int64, bool) { return 0, false }
