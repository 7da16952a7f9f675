package check

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"accord/schema"
)

// What findings are written with.

// where names a resource and the line it begins at: Connection/de-us
// (connections.yaml:3).
func where(r *schema.Resource) string {
	if r.Origin.File == "" {
		return r.Ref().String()
	}
	return fmt.Sprintf("%v (%s:%d)", r.Ref(), r.Origin.File, r.Origin.Line)
}

// sentence writes names as a sentence does: a, b and c. Beyond four it counts.
func sentence(names []string) string {
	const most = 4
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return names[0]
	case n > most:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most-1], ", "), n-most+1)
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

// spec is where the fields of a resource begin.
const spec schema.Path = "spec"

// verb is the form for one where there is one name, and else the other.
func verb(names []string, one, many string) string {
	if len(names) == 1 {
		return one
	}
	return many
}

// article is a or an, as the kind asks for.
func article(k schema.Kind) string {
	if strings.ContainsRune("AEIOU", rune(k[0])) && k != schema.KindUser {
		return "an"
	}
	return "a"
}

// capital begins a text with a capital letter: package expr writes its helps to
// follow a colon too.
func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToUpper(first)) + s[size:]
}
