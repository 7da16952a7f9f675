package crm

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"accord/schema"
)

// MaxValueBytes bounds the value of one property.
const MaxValueBytes = 64 << 10

// The forms of dates and times on the wire.
const (
	DateFormat     = "2006-01-02"
	DatetimeFormat = "2006-01-02T15:04:05.999Z07:00"
)

// NormalizeValue returns the one spelling of a value of a type, in which equal
// values are equal strings: 1000.0 and 1e3 are 1000. "" is not set, in every
// type. Options of an enumeration are not its matter. Its errors say what is
// wrong without the value, which may be personal.
func NormalizeValue(typ, value string) (string, error) {
	if value == "" {
		return "", nil
	}
	if len(value) > MaxValueBytes {
		return "", errors.New("is longer than 65536 bytes")
	}
	if !utf8.ValidString(value) {
		return "", errors.New("is not UTF-8")
	}
	switch typ {
	case schema.TypeNumber:
		return normalizeNumber(strings.TrimSpace(value))
	case schema.TypeBoolean:
		switch v := strings.ToLower(strings.TrimSpace(value)); v {
		case "true", "false":
			return v, nil
		}
		return "", errors.New("is not a boolean: write true or false")
	case schema.TypeDate:
		t, ok := parseTime(strings.TrimSpace(value))
		if !ok || !t.Equal(t.Truncate(24*time.Hour)) {
			return "", errors.New("is not a date: write it as 2006-01-02")
		}
		return t.Format(DateFormat), nil
	case schema.TypeDatetime:
		t, ok := parseTime(strings.TrimSpace(value))
		if !ok {
			return "", errors.New("is not a time: write it as 2006-01-02T15:04:05Z")
		}
		return FormatTime(t), nil
	}
	return value, nil
}

// FormatTime writes a time as it goes over the wire: UTC, to the millisecond.
func FormatTime(t time.Time) string {
	return t.UTC().Truncate(time.Millisecond).Format(DatetimeFormat)
}

// parseTime reads a time with its zone, a date, or milliseconds since 1970,
// which vendors send for both. Years have four digits.
func parseTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, DateFormat} {
		if t, err := time.Parse(layout, s); err == nil {
			t = t.UTC()
			return t, t.Year() >= 0 && t.Year() <= 9999
		}
	}
	ms, err := strconv.ParseInt(s, 10, 64)
	if err != nil || ms < -62135596800000 || ms > 253402300799999 {
		return time.Time{}, false
	}
	return time.UnixMilli(ms).UTC(), true
}

// normalizeNumber keeps every digit of a plain decimal, where a float64 would
// lose some, and takes the way over a float64 for one with an exponent.
func normalizeNumber(s string) (string, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || strings.ContainsAny(s, "xX_pP") {
		return "", errors.New("is not a number: write it as 1000 or 1000.5")
	}
	if strings.ContainsAny(s, "eE") {
		s = strconv.FormatFloat(f, 'f', -1, 64)
	}
	negative := strings.HasPrefix(s, "-")
	s = strings.TrimLeft(s, "+-")
	whole, fraction, _ := strings.Cut(s, ".")
	whole = strings.TrimLeft(whole, "0")
	fraction = strings.TrimRight(fraction, "0")
	if whole == "" {
		whole = "0"
	}
	out := whole
	if fraction != "" {
		out += "." + fraction
	}
	if negative && out != "0" {
		out = "-" + out
	}
	return out, nil
}
