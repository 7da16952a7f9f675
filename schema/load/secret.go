package load

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"accord/diag"
)

// tokens are what the vendors' credentials look like, wherever they stand: a
// private app's token, an API key and an SMTP key, and the header that carries
// one.
var tokens = regexp.MustCompile(`pat-[a-z]{2,3}[0-9]-[0-9A-Za-z-]{8,}|xkeysib-[0-9A-Za-z-]{8,}|xsmtpsib-[0-9A-Za-z-]{8,}|[Bb]earer[ \t]+[0-9A-Za-z._~+/-]{16,}=*`)

// tokenHints are in every text that tokens matches: looking for them first
// costs next to nothing.
var tokenHints = [][]byte{[]byte("pat-"), []byte("xkeysib-"), []byte("xsmtpsib-"), []byte("earer")}

const hidden = "********"

// veil hides a secret and leaves it as wide as it is, in runes, so that the
// columns behind it stay what findings say they are.
func veil(secret string) string {
	return strings.Repeat("*", utf8.RuneCountInString(secret))
}

// mask hides what looks like a secret in a text that is shown.
func mask(s string) string {
	if !slices.ContainsFunc(tokenHints, func(h []byte) bool { return strings.Contains(s, string(h)) }) {
		return s
	}
	return tokens.ReplaceAllString(s, hidden)
}

// tokenSpans finds the tokens in a text.
func tokenSpans(text []byte) []span {
	if !slices.ContainsFunc(tokenHints, func(h []byte) bool { return bytes.Contains(text, h) }) {
		return nil
	}
	var out []span
	for _, m := range tokens.FindAllIndex(text, -1) {
		out = append(out, span{m[0], m[1]})
	}
	return out
}

const secretHelp = "Remove it, revoke it at the vendor, and name where the new one is found: {env: NAME} or {file: PATH}."

func (s *source) secretInline(at span, address string) diag.Diagnostic {
	return diag.Diagnostic{
		Rule: "secret-inline", Message: "a secret is written in the YAML", Help: secretHelp, Address: address, Position: s.at(at),
	}
}

// hide remembers where a secret stands: it is reported, and no line that is
// shown has it. One that overlaps it is the same one.
func (s *source) hide(at span) {
	s.secrets = slices.DeleteFunc(s.secrets, func(have span) bool {
		if !have.overlaps(at) {
			return false
		}
		at = span{min(at.start, have.start), max(at.end, have.end)}
		return true
	})
	i, _ := slices.BinarySearchFunc(s.secrets, at.start, func(have span, start int) int { return have.start - start })
	s.secrets = slices.Insert(s.secrets, i, at)
}

// shown returns line n without the secrets in it, which are as wide as they were.
func (s *source) shown(n int) string {
	line, start := s.line(n)
	secrets := append(slices.Clone(s.secrets), s.masked...)
	slices.SortFunc(secrets, func(a, b span) int { return a.start - b.start })
	var b strings.Builder
	at := 0
	for _, secret := range secrets {
		from, to := max(secret.start-start, at), min(secret.end-start, len(line))
		if from < to {
			b.Write(line[at:from])
			b.WriteString(veil(string(line[from:to])))
			at = to
		}
	}
	b.Write(line[at:])
	return tokens.ReplaceAllStringFunc(b.String(), veil)
}
