package load

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"accord/diag"
	"accord/schema"
)

// parsed is what one file says. It follows from the name and the bytes of the
// file alone, so that it could be kept by their hash.
type parsed struct {
	*source
	documents []document
	findings  diag.List
}

// document is one resource of a file. Where it is not sound its resource has
// no spec, and no kind or name where these are not known.
type document struct {
	resource *schema.Resource
	sound    bool
}

// newSource makes the source of a file.
func newSource(name string, text []byte) *source {
	return &source{name: name, text: bytes.TrimPrefix(text, byteOrderMark)}
}

// parse reads a file.
func parse(name string, text []byte) *parsed {
	p := &parsed{source: newSource(name, text)}
	if d, bad := p.unreadable(); bad {
		p.findings.Add(d)
		return p
	}
	p.secrets = tokenSpans(p.text)
	cs := chunks(p.text)
	if len(cs) > MaxDocuments {
		p.findings.Add(diag.Diagnostic{
			Rule: "yaml-syntax", Message: fmt.Sprintf("the file has more than %d documents", MaxDocuments),
			Help: "Split it into several files.", Position: diag.Position{File: name, Line: cs[MaxDocuments].line, Column: 1},
		})
		return p
	}
	for i := 0; i < len(cs) && p.more(cs[i]); {
		if d, bad := p.oversized(cs[i]); bad {
			p.findings.Add(d)
			i++
			continue
		}
		n := i + 1
		for n < len(cs) {
			if _, bad := p.oversized(cs[n]); bad {
				break
			}
			n++
		}
		for i < n && p.more(cs[i]) {
			i = p.run(cs, i, n)
		}
	}
	return p
}

// more reports whether the file is read on at a document. Where there are too
// many findings it is not, and the last one says so.
func (p *parsed) more(next chunk) bool {
	if len(p.findings) < MaxFindings {
		return true
	}
	p.findings = append(p.findings[:MaxFindings-1], diag.Diagnostic{
		Rule: "yaml-syntax", Message: fmt.Sprintf("more than %d findings: the file is not read further", MaxFindings),
		Position: diag.Position{File: p.name, Line: next.line, Column: 1},
	})
	return false
}

func (s *source) oversized(c chunk) (diag.Diagnostic, bool) {
	d := diag.Diagnostic{Rule: "yaml-syntax", Help: "Split it into several documents.", Position: diag.Position{File: s.name, Line: c.line, Column: 1}}
	switch {
	case c.end-c.start > MaxDocumentBytes:
		d.Message = fmt.Sprintf("the document is larger than %d MiB", MaxDocumentBytes>>20)
	case c.nodes > MaxNodes:
		d.Message = fmt.Sprintf("the document may hold more than %d values", MaxNodes)
	default:
		return d, false
	}
	return d, true
}

// A decoder reads a few documents before they are looked at: a tenth is saved
// where each of the two keeps the processor's caches to itself.
const (
	batchDocuments = 32
	batchNodes     = 5_000
)

// run reads the documents from up to but not including to with one decoder, for
// setting one up costs a tenth of what a small document does. It returns the
// first one that was not read: to, or the one behind a document that is broken,
// where a new decoder has to begin.
func (p *parsed) run(cs []chunk, from, to int) int {
	dec := newDecoder(p.text[cs[from].start:cs[to-1].end])
	base := cs[from].line - 1
	type read struct {
		node  *yaml.Node
		index int
	}
	batch, nodes := make([]read, 0, batchDocuments), 0
	flush := func() {
		for _, r := range batch {
			p.document(r.node, cs[r.index], r.index, base)
		}
		batch, nodes = batch[:0], 0
	}
	for at := from; ; at++ {
		n, err := dec.next()
		if err != nil {
			flush()
			if errors.Is(err, io.EOF) {
				return to
			}
			if at < to {
				p.alone(cs[at], at)
			}
			return at + 1
		}
		for at+1 < to && n.Line+base >= cs[at+1].line {
			at++
		}
		batch = append(batch, read{n, at})
		if nodes += cs[at].nodes; len(batch) == batchDocuments || nodes > batchNodes {
			flush()
		}
		if len(p.findings) >= MaxFindings {
			return at + 1
		}
	}
}

// alone reads a document that could not be read among the others.
func (p *parsed) alone(c chunk, index int) {
	body := p.text[c.start:c.end]
	n, err := newDecoder(body).next()
	var broken *syntaxError
	switch {
	case err == nil:
		p.document(n, c, index, c.line-1)
	case errors.As(err, &broken):
		at := c.start + locate(body, broken)
		pos := p.position(at)
		line, _ := p.line(pos.Line)
		message, help := explain(broken.message, line)
		r := p.guess(c, index)
		p.documents = append(p.documents, document{resource: r})
		d := diag.Diagnostic{Rule: "yaml-syntax", Message: message, Help: help, Position: pos, Address: address(r)}
		p.findings.Add(d)
		p.leaks(c, d.Address)
	}
}

var (
	kindLine = regexp.MustCompile(`(?m)^kind:[ \t]*["']?([A-Za-z]+)`)
	nameLine = regexp.MustCompile(`(?m)^metadata:[ \t]*(?:\{[^}\n]*\bname:|\r?\n(?:[ \t]+.*\r?\n)*?[ \t]+name:)[ \t]*["']?([a-z0-9-]+)`)
)

// guess reads kind and name of a document that is no YAML, so that what refers
// to it is not reported as well.
func (p *parsed) guess(c chunk, index int) *schema.Resource {
	r := &schema.Resource{Origin: p.origin(c, index, c.line)}
	body := p.text[c.start:c.end]
	if m := kindLine.FindSubmatch(body); m != nil && schema.Kind(m[1]).Known() {
		if name := nameLine.FindSubmatch(body); name != nil {
			r.Kind, r.Name = schema.Kind(m[1]), string(name[1])
		}
	}
	return r
}

func (p *parsed) origin(c chunk, index, line int) schema.Origin {
	return schema.Origin{File: p.name, Document: index, Line: line, EndLine: max(line+1, c.endLine)}
}

// leaks reports the secrets that stand in a document.
func (p *parsed) leaks(c chunk, address string) {
	for _, s := range p.secrets {
		if s.overlaps(c.span) {
			p.findings.Add(p.secretInline(s, address))
		}
	}
}

func address(r *schema.Resource) string {
	if r.Kind == "" || r.Name == "" {
		return ""
	}
	return r.Ref().String()
}

// document reads one document.
func (p *parsed) document(n *yaml.Node, c chunk, index, base int) {
	if len(n.Content) == 0 || n.Content[0].Kind == yaml.ScalarNode && n.Content[0].Tag == "!!null" && n.Content[0].Anchor == "" {
		p.leaks(c, "")
		return
	}
	t := &tree{source: p.source, base: base}
	ok := t.resolve(n)
	r := &schema.Resource{Origin: p.origin(c, index, t.root.Line+base)}
	kind := schema.Kind(text(t.root, "kind"))
	_, metadata := entry(t.root, "metadata")
	if name := text(metadata, "name"); kind.Known() && name != "" {
		r.Kind, r.Name = kind, mask(name)
	}
	d := document{resource: r}
	if ok {
		switch accepted := t.check(kind); {
		case accepted && len(t.findings) == 0:
			d = p.resource(t, r)
		case kind == schema.KindProject:
			// Its files are read all the same, where it can be known which.
			if project, err := schema.Parse(appendJSON(nil, t.root)); err == nil {
				r.Spec = project.Spec
			}
		}
	}
	before := len(p.findings)
	for _, f := range t.findings {
		if p.hidden(f.Position) {
			continue // the secret in it is the finding
		}
		f.Address = address(r)
		p.findings.Add(f)
	}
	p.leaks(c, address(r))
	if !d.sound && len(p.findings) == before {
		// What is refused is never refused in silence.
		p.findings.Add(diag.Diagnostic{
			Rule: "schema", Message: "the document is not what the schema of its kind allows", Address: address(r), Position: t.at(t.nodeSpan(t.root)),
		})
	}
	p.documents = append(p.documents, d)
}

// hidden reports whether a position touches a secret.
func (p *parsed) hidden(at diag.Position) bool {
	if len(p.secrets) == 0 {
		return false
	}
	start := p.offset(at.Line, at.Column)
	end := max(start+1, p.offset(at.Line, at.EndColumn))
	for _, s := range p.secrets {
		if s.overlaps(span{start, end}) {
			return true
		}
	}
	return false
}

// resource makes the resource of a document that its schema accepts.
func (p *parsed) resource(t *tree, stub *schema.Resource) document {
	_, spec := entry(t.root, "spec")
	s, err := bind(stub.Kind, spec)
	if err != nil {
		// The schemas say no less than the types; should they ever, this is a
		// finding and not a crash.
		t.find("schema", t.root, mask(err.Error()), "")
		return document{resource: stub}
	}
	_, metadata := entry(t.root, "metadata")
	_, lifecycle := entry(t.root, "lifecycle")
	_, labels := entry(metadata, "labels")
	_, prevent := entry(lifecycle, "preventDestroy")
	r := &schema.Resource{
		Kind: stub.Kind, Name: text(metadata, "name"), Description: text(metadata, "description"),
		RenamedFrom: text(metadata, "renamedFrom"), Origin: stub.Origin, Spec: s,
	}
	if prevent != nil {
		r.PreventDestroy, _ = boolean(prevent.Value)
	}
	if labels != nil && len(labels.Content) > 0 {
		r.Labels = make(map[string]string, len(labels.Content)/2)
		for i := 0; i+1 < len(labels.Content); i += 2 {
			r.Labels[labels.Content[i].Value] = labels.Content[i+1].Value
		}
	}
	r.Seal()
	return document{resource: r, sound: true}
}

func isTestFile(name string) bool {
	return strings.HasSuffix(name, "_test.yaml") || strings.HasSuffix(name, "_test.yml")
}
