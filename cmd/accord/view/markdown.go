package view

import (
	"fmt"
	"html"
	"strconv"
	"strings"
)

// maxMarkdown bounds a comment: GitHub takes 65,536 characters. Bytes are
// counted, of which there are never fewer.
const maxMarkdown = 65536

// md writes what a user has written as markdown that means nothing but itself:
// no element, no link, no picture, no mention, no reference, no end of a table's
// cell. A plan from a fork is an attacker's text.
func md(s string) string {
	s = visible(s)
	var b strings.Builder
	b.Grow(len(s) + len(s)/8)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '_' && i > 0 && letter(s[i-1]) && i+1 < len(s) && letter(s[i+1]):
			b.WriteByte(c) // inside a word it means nothing
		case strings.IndexByte("\\`*_{}[]<>|~!#$&@", c) >= 0:
			b.WriteString("&#" + strconv.Itoa(int(c)) + ";")
		default:
			b.WriteByte(c)
		}
		// Mentions, references and addresses are found in the text after the
		// entities are resolved: something without a width breaks them up.
		if mayLink(s, i) {
			b.WriteString("&#8203;")
		}
	}
	return b.String()
}

// mayLink reports whether the byte at i can be the beginning of a mention
// (@user), a reference (#1, !1, ~bug, %next, $2, &3) or an address (http://,
// www.example), for one of the platforms.
func mayLink(s string, i int) bool {
	if i+1 == len(s) {
		return false
	}
	switch s[i] {
	case '@', '#', '!', '~', '%', '$', '&':
		return s[i+1] != ' '
	case ':':
		return s[i+1] == '/'
	case '.':
		return i >= 3 && strings.EqualFold(s[i-3:i], "www")
	case '-':
		return i >= 2 && strings.EqualFold(s[i-2:i], "gh")
	}
	return false
}

// letter reports whether c is a letter or a digit of ASCII.
func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// code writes what a user has written in the letters of code.
func code(s string) string {
	for i := range len(s) {
		if !letter(s[i]) && strings.IndexByte("/._-:", s[i]) < 0 {
			return "<code>" + md(s) + "</code>"
		}
	}
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

// inHTML writes what a user has written inside an HTML element that markdown
// leaves alone.
func inHTML(s string) string { return html.EscapeString(visible(s)) }

// fenced writes lines between fences that none of them can end.
func fenced(language string, lines []string) string {
	fence := "```"
	for _, l := range lines {
		for strings.Contains(l, fence) {
			fence += "`"
		}
	}
	return fence + language + "\n" + strings.Join(lines, "\n") + "\n" + fence + "\n"
}

// details writes a part that is folded away.
func details(summary, body string) string {
	return "<details><summary>" + summary + "</summary>\n\n" + body + "\n</details>\n\n"
}

// listed writes n items as long as they fit into room bytes, and says how many
// are left out. What is most important comes first.
func listed(n int, item func(i int) string, room int, noun string) string {
	return listedIn("", n, item, room, noun)
}

// listedIn is listed where every line begins with a prefix, which the items have.
func listedIn(prefix string, n int, item func(i int) string, room int, noun string) string {
	var b strings.Builder
	for i := range n {
		text := item(i)
		if b.Len()+len(text) > room {
			fmt.Fprintf(&b, "%s- **… and %s, for which there is no room here**\n", prefix, count(n-i, "more "+noun))
			break
		}
		b.WriteString(text)
	}
	return b.String()
}

// quoted puts a text into a block of quotation.
func quoted(s string) string {
	var b strings.Builder
	for l := range strings.SplitSeq(strings.TrimRight(s, "\n"), "\n") {
		b.WriteString(strings.TrimRight("> "+l, " ") + "\n")
	}
	return b.String()
}

// shortened cuts a text to n runes.
func shortened(s string, n int) string {
	if short := firstRunes(s, n); short != s {
		return short + "…"
	}
	return s
}
