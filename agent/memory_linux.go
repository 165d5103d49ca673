package agent

import (
	"bufio"
	"bytes"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// unmapStart unmaps the pages of the program's own file. Two thirds of what it
// maps serves only the start: factories, tables, checks of the configuration.
// What is still needed is mapped again when it is used, from the page cache. A
// mapping of which any page was changed is left alone. Failures cost nothing but
// memory.
func unmapStart() {
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return
	}
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	for _, m := range cleanMappings(maps, exe) {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, m.begin, m.end-m.begin, unix.MADV_DONTNEED)
	}
}

type mapping struct{ begin, end uintptr }

// cleanMappings finds in the text of smaps the mappings of a file that cannot be
// written and of which no page is the process's own.
func cleanMappings(smaps []byte, file string) []mapping {
	var found []mapping
	var now mapping
	mine := false
	lines := bufio.NewScanner(bytes.NewReader(smaps))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		if begin, end, ok := addresses(fields[0]); ok {
			now = mapping{begin, end}
			mine = len(fields) > 5 && strings.Join(fields[5:], " ") == file && (fields[1] == "r-xp" || fields[1] == "r--p")
			continue
		}
		if mine && fields[0] == "Anonymous:" && fields[1] == "0" {
			found = append(found, now)
		}
	}
	return found
}

func addresses(s string) (begin, end uintptr, ok bool) {
	a, b, ok := strings.Cut(s, "-")
	if !ok {
		return 0, 0, false
	}
	from, err1 := strconv.ParseUint(a, 16, 64)
	to, err2 := strconv.ParseUint(b, 16, 64)
	return uintptr(from), uintptr(to), err1 == nil && err2 == nil && from < to
}
