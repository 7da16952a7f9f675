package view

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// visible returns s on one line, with everything that a terminal or a browser
// would obey instead of show written out: control characters, line ends,
// overrides of the direction of writing, and bytes that are no UTF-8.
func visible(s string) string { return escape(s, "") }

// visibleLines is visible for text of several lines.
func visibleLines(s string) string { return escape(s, "\n\t") }

func escape(s, keep string) string {
	first := strings.IndexFunc(s, func(r rune) bool { return obeyed(r) && !strings.ContainsRune(keep, r) })
	if first < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case strings.ContainsRune(keep, r) || !obeyed(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

// obeyed reports whether r is acted on rather than shown. The joiners between
// letters stay: Persian and emoji need them.
func obeyed(r rune) bool {
	switch {
	case r < 0x7F:
		return r < ' '
	case r == '\u200C', r == '\u200D':
		return false
	case r < 0xAD:
		return r <= 0x9F
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// width is the number of columns of a terminal that s takes.
func width(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// runeWidth is 0 for marks that stand on the letter before, 2 for East Asian
// wide letters and emoji, and 1 for any other rune.
func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

// wide are the runes of two columns: the blocks of Unicode's EastAsianWidth.txt
// that are W or F, with the gaps inside a block left out.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x1100, 0x115F, 1},
		{0x231A, 0x231B, 1},
		{0x23E9, 0x23EC, 1},
		{0x25FD, 0x25FE, 1},
		{0x2614, 0x2615, 1},
		{0x2648, 0x2653, 1},
		{0x26A1, 0x26A1, 1},
		{0x26D4, 0x26D4, 1},
		{0x2705, 0x2705, 1},
		{0x270A, 0x270B, 1},
		{0x2728, 0x2728, 1},
		{0x274C, 0x274C, 1},
		{0x2753, 0x2757, 1},
		{0x2795, 0x2797, 1},
		{0x2B50, 0x2B50, 1},
		{0x2E80, 0x303E, 1},
		{0x3041, 0x33FF, 1},
		{0x3400, 0x4DBF, 1},
		{0x4E00, 0x9FFF, 1},
		{0xA000, 0xA4CF, 1},
		{0xA960, 0xA97F, 1},
		{0xAC00, 0xD7A3, 1},
		{0xF900, 0xFAFF, 1},
		{0xFE30, 0xFE6F, 1},
		{0xFF00, 0xFF60, 1},
		{0xFFE0, 0xFFE6, 1},
	},
	R32: []unicode.Range32{
		{0x16FE0, 0x18DFF, 1},
		{0x1AFF0, 0x1B2FF, 1},
		{0x1F004, 0x1F004, 1},
		{0x1F0CF, 0x1F0CF, 1},
		{0x1F18E, 0x1F18E, 1},
		{0x1F191, 0x1F19A, 1},
		{0x1F200, 0x1F265, 1},
		{0x1F300, 0x1F64F, 1},
		{0x1F680, 0x1F6FF, 1},
		{0x1F7E0, 0x1F7EB, 1},
		{0x1F900, 0x1F9FF, 1},
		{0x1FA70, 0x1FAFF, 1},
		{0x20000, 0x3FFFD, 1},
	},
}
