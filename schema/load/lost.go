package load

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"sync"

	"accord/schema"
)

// maxLostBytes bounds what is searched of documents that are not in the
// configuration.
const maxLostBytes = 16 << 20

// lost are the documents that are not in the configuration because of a finding
// of their own, by the words that stand in them. What they say is not known for
// certain, but it need not be: where a rule is about to say that something is
// missing, and one of them speaks of just that, their finding is the cause.
type lost struct {
	once sync.Once
	all  bool // too much is lost to say anything
	docs []schema.Kind
	in   map[string][]int // word → the documents with it, ascending
}

var anyKindLine = regexp.MustCompile(`(?m)^kind:[ \t]*["']?([A-Za-z]+)`)

// Mentions reports whether a document of the kind, or of a kind that cannot be
// told, was left out because of a finding of its own and has all the names in
// it. A name of several words is found where its words are.
func (r *Result) Mentions(kind schema.Kind, names ...string) bool {
	l := &r.lost
	l.once.Do(func() { r.lose() })
	if l.all {
		return true
	}
	if len(l.docs) == 0 {
		return false
	}
	var with []int
	first := true
	for _, n := range names {
		for w := range words(n) {
			docs := l.in[w]
			if first {
				with, first = docs, false
				continue
			}
			with = slices.DeleteFunc(slices.Clone(with), func(d int) bool {
				_, ok := slices.BinarySearch(docs, d)
				return !ok
			})
		}
	}
	if first { // of the kind at all
		return slices.ContainsFunc(l.docs, func(k schema.Kind) bool { return k == kind || k == "" })
	}
	return slices.ContainsFunc(with, func(d int) bool { return l.docs[d] == kind || l.docs[d] == "" })
}

// lose collects what Mentions looks at: in files with findings, the documents
// that did not get into the configuration.
func (r *Result) lose() {
	bad := map[string]bool{}
	for _, d := range r.Diagnostics {
		bad[d.File] = true
	}
	if len(bad) == 0 {
		return
	}
	type at struct {
		file     string
		document int
	}
	sound := map[at]bool{}
	for _, of := range [][]*schema.Resource{r.Config.All(), r.Tests} {
		for _, res := range of {
			if bad[res.Origin.File] {
				sound[at{res.Origin.File, res.Origin.Document}] = true
			}
		}
	}
	r.lost.in = map[string][]int{}
	size := 0
	for name := range bad {
		s := r.sources[name]
		if s == nil {
			continue
		}
		for i, c := range s.chunks() {
			if sound[at{name, i}] {
				continue
			}
			if size += c.end - c.start; size > maxLostBytes {
				r.lost.all = true
				return
			}
			r.lost.add(s.text[c.start:c.end])
		}
	}
}

func (l *lost) add(text []byte) {
	kind, n := schema.Kind(""), len(l.docs)
	if m := anyKindLine.FindSubmatch(text); m != nil && schema.Kind(m[1]).Known() {
		kind = schema.Kind(m[1])
	}
	l.docs = append(l.docs, kind)
	for w := range words(string(bytes.ToValidUTF8(text, []byte(" ")))) {
		if in := l.in[w]; len(in) == 0 || in[len(in)-1] != n {
			l.in[w] = append(in, n)
		}
	}
}

// words yields the pieces of a text that names are made of.
func words(text string) func(func(string) bool) {
	return strings.FieldsFuncSeq(text, func(c rune) bool {
		return c < 0x80 && c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	})
}
