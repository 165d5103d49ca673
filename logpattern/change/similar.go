package change

import "strings"

// similarity is twice the number of words that two templates share in order,
// over the number of words of both: 1 for equal ones.
func similarity(a, b string) float64 {
	x, y := words(a), words(b)
	if len(x) == 0 || len(y) == 0 {
		return 0
	}
	short, long := min(len(x), len(y)), max(len(x), len(y))
	if 2*float64(short)/float64(short+long) < renamed {
		return 0
	}
	row := make([]int, len(y)+1) // longest common subsequence
	for i := range x {
		diag := 0
		for j := range y {
			up := row[j+1]
			if x[i] == y[j] {
				row[j+1] = diag + 1
			} else {
				row[j+1] = max(row[j], up)
			}
			diag = up
		}
	}
	return 2 * float64(row[len(y)]) / float64(len(x)+len(y))
}

// maxWords bounds the work of a comparison.
const maxWords = 48

func words(s string) []string {
	w := strings.Fields(s)
	return w[:min(len(w), maxWords)]
}

// covers reports whether the template b is a special case of a: equal but for
// words where a has a variable. Half of the words must be the same: what is all
// variables covers everything and says nothing.
func covers(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	if len(x) != len(y) || a == b {
		return false
	}
	same := 0
	for i := range x {
		switch {
		case x[i] != y[i] && !strings.ContainsRune(x[i], '<'):
			return false
		case x[i] == y[i] && variableEnd(x[i], 0) != len(x[i]):
			same++
		}
	}
	return 2*same >= len(x)
}
