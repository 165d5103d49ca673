package anomalyconnector

import (
	"fmt"
	"math"
	"strings"
)

// readable writes a value for people: bytes in binary steps, utilizations in per
// cent, without the annotations of UCUM units such as {request}.
func readable(v float64, unit, metric string) string {
	if math.IsInf(v, 0) {
		return "any"
	}
	base, per, rate := strings.Cut(unit, "/")
	if rate {
		per = "/" + per
	}
	switch {
	case base == "By":
		return bytes(v) + per
	case base == "1" && strings.HasSuffix(metric, ".utilization"):
		return fmt.Sprintf("%.3g %%", 100*v) + per
	case base == "" || base == "1" || strings.HasPrefix(base, "{"):
		return fmt.Sprintf("%.4g", v) + per
	default:
		return fmt.Sprintf("%.4g ", v) + base + per
	}
}

func bytes(v float64) string {
	units := [...]string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	i := 0
	for math.Abs(v) >= 1024 && i < len(units)-1 {
		v /= 1024
		i++
	}
	return fmt.Sprintf("%.4g %s", v, units[i])
}
