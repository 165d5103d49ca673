package kubelet

import (
	"math"
	"strconv"
	"strings"
)

// suffixes of Kubernetes' quantities.
var suffixes = map[string]float64{
	"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
	"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "Pi": 1 << 50, "Ei": 1 << 60,
}

// quantity is the number that a quantity means: 250m is 0.25.
func quantity(s string) (float64, bool) {
	number := strings.TrimRight(s, "numkMGTPEKi")
	if strings.HasSuffix(number, ".") {
		return 0, false
	}
	factor, ok := suffixes[s[len(number):]]
	if !ok {
		return 0, false
	}
	v, err := strconv.ParseFloat(number, 64)
	return v * factor, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// amounts reads requests or limits. What is none is left out.
func amounts(raw map[string]any) map[string]float64 {
	if len(raw) == 0 {
		return nil
	}
	read := make(map[string]float64, min(len(raw), maxPairs))
	for name, value := range raw {
		if len(read) == maxPairs || len(name) > maxName {
			continue
		}
		switch value := value.(type) {
		case string:
			if v, ok := quantity(value); ok {
				read[name] = v
			}
		case float64:
			read[name] = value
		}
	}
	return read
}
