package schema_test

import (
	"testing"
	"time"

	"accord/schema"
)

func TestParseDuration(t *testing.T) {
	const day = 24 * time.Hour
	for _, tc := range []struct {
		in   string
		want time.Duration // 0: an error
	}{
		{"90s", 90 * time.Second},
		{"15m", 15 * time.Minute},
		{"48h", 48 * time.Hour},
		{"2d", 2 * day},
		{"1w", 7 * day},
		{"1d12h", 36 * time.Hour},
		{"3650d", 3650 * day},
		{"3650d1s", 0},
		{"521w", 521 * 7 * day},
		{"522w", 0},
		{"999999999w", 0}, // overflows a time.Duration
		{"9999999d", 0},
		{"99999999999d", 0},
		{"0s", 0},
		{"", 0},
		{"12", 0},
		{"h", 0},
		{"-1h", 0},
		{"1.5h", 0},
		{"1h ", 0},
		{"1y", 0},
	} {
		got, err := schema.ParseDuration(tc.in)
		if got != tc.want || (err == nil) != (tc.want != 0) {
			t.Errorf("ParseDuration(%q) = %v, %v, want %v", tc.in, got, err, tc.want)
		}
	}
}
