package view

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestVisible(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"plain", "plain"},
		{"Zürich, 東京, مرحبا, 👩\u200d💻", "Zürich, 東京, مرحبا, 👩\u200d💻"},
		{"a\nb\tc\rd", `a\nb\tc\rd`},
		{"\x1b[31mred\x07", `\x1b[31mred\x07`},
		{"\u202eevil\u2066", `\u202eevil\u2066`},
		{"zero\u200bwidth\ufeff", `zero\u200bwidth\ufeff`},
		{"line\u2028end", `line\u2028end`},
		{"tag\U000E0041", `tag\U000e0041`},
		{"c1\u0085", `c1\x85`},
		{"bad\xff\xfe", `bad\xff\xfe`},
		{"replacement \uFFFD", "replacement \uFFFD"},
		{"", ""},
	} {
		if got := visible(tc.in); got != tc.want {
			t.Errorf("visible(%q) = %q, want %q", tc.in, got, tc.want)
		}
	}
	if got := visibleLines("a\n\tb\x00"); got != "a\n\tb\\x00" {
		t.Errorf("visibleLines keeps lines and tabs, got %q", got)
	}
}

func TestVisibleLeavesNothingToObey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := hostile().Draw(t, "s")
		got := visible(s)
		if strings.ContainsFunc(got, obeyed) || !utf8.ValidString(got) {
			t.Fatalf("visible(%q) = %q", s, got)
		}
		if again := visible(got); again != got {
			t.Fatalf("made visible twice, %q becomes %q", got, again)
		}
	})
}

// hostile are texts with what has a meaning to terminals, markdown and HTML.
func hostile() *rapid.Generator[string] {
	pieces := []string{
		"`", "```", "````", "~~~", "<script>alert(1)</script>", "<script", "</details>", "<!--", "-->", "@everyone", "#1", "!2", "|", "\\", "\\|",
		"[x](http://evil.example)", "![x](https://evil.example/p.png)", "www.evil.example", "https://evil.example", "\n", "\r\n", "\n\n# title\n",
		"\x1b[2J", "\u202e", "\u200b", "\x00", "\xff", "*", "_", "**bold**", "&lt;", "&#64;all", "$x$", "| a | b |", "> quote", "\t", "    code",
		"a", "很", "word ", "Connection/de-us", "\"", "'", "]]>", "end", "--", ";", "{", "}",
	}
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(pieces), rapid.String()), 0, 12).Draw(t, "pieces"), "")
	})
}
