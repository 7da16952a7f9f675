package schema

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

var units = map[string]time.Duration{
	"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

// ParseDuration reads a duration of the language: 90s, 48h, 2d, 1w, and sums
// such as 1d12h. Days have 24 hours. It is positive and at most 10 years.
func ParseDuration(s string) (time.Duration, error) {
	const most = 3650 * 24 * time.Hour
	bad := func() (time.Duration, error) {
		return 0, fmt.Errorf("%q is not a duration: write 90s, 15m, 48h, 2d, 1w or a sum such as 1d12h", s)
	}
	var total time.Duration
	for rest := s; rest != ""; {
		n := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if n <= 0 {
			return bad()
		}
		count, err := strconv.ParseInt(rest[:n], 10, 32)
		unit, ok := units[rest[n:n+1]]
		if err != nil || !ok {
			return bad()
		}
		if time.Duration(count) <= most/unit {
			total += time.Duration(count) * unit
		} else {
			total = most + 1 // the product would overflow
		}
		if total > most {
			return 0, fmt.Errorf("%q is longer than ten years", s)
		}
		rest = rest[n+1:]
	}
	if total == 0 {
		return bad()
	}
	return total, nil
}

// Rate is a number of times in a window, such as 20/h.
type Rate struct {
	Count int
	Per   time.Duration
}

// ParseRate reads 20/h, 1000/d, 5/m, 1/s or 100/w.
func ParseRate(s string) (Rate, error) {
	count, unit, ok := strings.Cut(s, "/")
	n, err := strconv.ParseUint(count, 10, 31)
	per, known := units[unit]
	if !ok || err != nil || n == 0 || !known {
		return Rate{}, fmt.Errorf("%q is not a rate: write a count and a unit, such as 20/h", s)
	}
	return Rate{int(n), per}, nil
}
