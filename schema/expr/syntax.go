package expr

import (
	"slices"
	"strings"
	"unicode"

	"cel.dev/cel-go/common"
)

// maxSyntaxProblems bounds what is reported of a text that does not parse: after
// a few the parser no longer knows where it is.
const maxSyntaxProblems = 5

// offset is a place of the parser as an offset in runes.
func offset(runes []rune, at common.Location) int {
	line := 1
	for i := 0; i <= len(runes); i++ {
		if line == at.Line() {
			return min(i+max(at.Column(), 0), len(runes))
		}
		if i < len(runes) && runes[i] == '\n' {
			line++
		}
	}
	return len(runes)
}

// syntaxProblems says in the author's words what the parser found, one problem
// for each place.
func syntaxProblems(runes []rune, errs []*common.Error) []Problem {
	if strings.TrimSpace(string(runes)) == "" {
		return []Problem{{Rule: RuleInvalid, End: len(runes), Message: "the expression is empty", Help: `write a condition, such as contact.country == "US"`}}
	}
	out, errs := foreignNames(runes, errs)
	foreign := slices.Clone(out)
	slices.SortStableFunc(errs, func(a, b *common.Error) int { return offset(runes, a.Location) - offset(runes, b.Location) })
	for _, err := range errs {
		p := Problem{Rule: RuleInvalid, Start: offset(runes, err.Location)}
		if slices.ContainsFunc(foreign, func(f Problem) bool { return f.Start <= p.Start && p.Start < f.End }) {
			continue
		}
		token := tokenAt(runes, p.Start)
		p.End = p.Start + len([]rune(token))
		p.Message, p.Help = syntaxMessage(strings.TrimPrefix(err.Message, "Syntax error: "), token)
		if strings.Contains(err.Message, "recursion limit") || strings.Contains(err.Message, "exceeds limit") {
			p.Start, p.End = 0, len(runes)
		}
		if len(out) > 0 && out[len(out)-1].Start == p.Start {
			continue
		}
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(a, b Problem) int { return a.Start - b.Start })
	return out[:min(len(out), maxSyntaxProblems)]
}

// foreignNames reports the words with letters that no name has, and returns what
// else the parser finds: it is given the text with other letters in their place,
// for to the lexer such a word is several tokens.
func foreignNames(runes []rune, errs []*common.Error) ([]Problem, []*common.Error) {
	var out []Problem
	plain := slices.Clone(runes)
	for len(out) < maxSyntaxProblems {
		before := len(out)
		for _, err := range errs {
			at := offset(runes, err.Location)
			// What is replaced already is ASCII.
			if !strings.Contains(err.Message, "unexpected character") || at >= len(plain) || plain[at] < 0x80 || !isWord(plain[at]) {
				continue
			}
			start, end := at, at
			for start > 0 && isWord(runes[start-1]) {
				start--
			}
			for ; end < len(runes) && isWord(runes[end]); end++ {
			}
			for i := start; i < end; i++ {
				if plain[i] >= 0x80 {
					plain[i] = 'x'
				}
			}
			name := quote(string(runes[start:end]))
			p := Problem{
				Rule: RuleInvalid, Start: start, End: end,
				Message: name + " is no name: names have only ASCII letters, digits and _",
				Help:    "a text is written in quotes: " + name,
			}
			if start > 0 && runes[start-1] == '.' {
				p.Help = "write the name of the property, and not its label"
			}
			out = append(out, p)
		}
		if len(out) == before {
			break
		}
		_, found := language().parser.Parse(common.NewTextSource(string(plain)))
		errs = found.GetErrors()
	}
	return out, errs
}

// isWord reports whether a rune belongs to a word, in whatever script.
func isWord(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// tokenAt returns the word, the operator or the quoted text that begins at i.
func tokenAt(runes []rune, i int) string {
	if i >= len(runes) {
		return ""
	}
	end := i + 1
	switch r := runes[i]; {
	case isWord(r):
		for end < len(runes) && isWord(runes[end]) {
			end++
		}
	case r == '"' || r == '\'':
		for end < len(runes) && runes[end] != '\n' && runes[end-1] != r || end == i+1 && end < len(runes) && runes[end] != '\n' {
			end++
		}
	case end < len(runes) && strings.Contains("&&||==!=<=>=", string(runes[i:end+1])):
		end++
	}
	return string(runes[i:end])
}

// syntaxMessage translates a message of the parser about a token.
func syntaxMessage(message, token string) (said, help string) {
	has := func(s string) bool { return strings.Contains(message, s) }
	switch {
	case has("recursion limit"):
		return "the expression is nested too deeply: 50 levels are the most", "join the parts with && and || without further parentheses"
	case has("exceeds limit"):
		return "the expression is too large", ""
	case has("unterminated string"):
		return "the text is not closed", "put the same quote at its end"
	case has("unterminated"):
		return "the name is not closed", ""
	case has("invalid argument to has"):
		return "has asks for one property", "write has(contact.country)"
	case has("argument must be a simple name"):
		return "exists needs a name for the element first", `write contacts.exists(c, c.country == "US")`
	case has("overwrites accumulator"):
		return "this name is taken", "use another"
	case has("single '&'"):
		return "& is no operator", "write &&"
	case has("single '|'"):
		return "| is no operator", "write ||"
	case has("reserved identifier"):
		return quote(token) + " is a reserved word", "a text is written in quotes: " + quote(token)
	case has("missing digits"), has("invalid double"), has("invalid uint"):
		return quote(token) + " is no number", ""
	case has("invalid int"):
		return "the number is too large", "write it with a decimal point"
	case has("unsupported syntax"), has("quoted identifier"):
		return quote(token) + " is not known to conditions", ""
	case has("unexpected character") && strings.ContainsAny(token, "“”„‘’«»"):
		return token + " is no quote", `write "`
	case has("unexpected character"):
		return quote(token) + " is not known to conditions", ""
	case has("in conditional"):
		return "the : of ? : is missing", "write condition ? value : other"
	case has("expecting ')'"), has("expected ')'"):
		return "a closing ) is missing", ""
	case has("expected ']'"):
		return "a closing ] is missing", ""
	case has("expected '}'"):
		return "a closing } is missing", ""
	case has("identifier after"):
		return "the name of a property is missing behind the dot", ""
	case has("escape"), has("sequence"):
		return "the text has a backslash with something unknown behind it", `write a backslash as \\`
	case token == "":
		return "the expression ends too early", "a value is missing at its end"
	case token == "=":
		return "= does not compare", "write =="
	case strings.EqualFold(token, "and"):
		return quote(token) + " is no operator", "write &&"
	case strings.EqualFold(token, "or"):
		return quote(token) + " is no operator", "write ||"
	case strings.EqualFold(token, "is"):
		return quote(token) + " is no operator", "write =="
	case has("after expression"):
		return token + " is not expected here", "join conditions with && or ||"
	}
	return token + " is not expected here", "a value is missing in front of it"
}
