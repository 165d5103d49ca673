//go:build !unix

package listening

func owner(string) (uint64, bool) { return 0, false }
