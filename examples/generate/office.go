package generate

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"text/template"
)

// clientsPerOffice is how many clients an office looks after.
const clientsPerOffice = 50

// office is an agency's office: a partner account, and clients by number.
type office struct {
	number  int
	clients []int
	more    int // resources that the last client gets to make the number come out
}

// layout divides the resources among offices and clients.
func layout(o Options) []office {
	left := max(o.Resources, Minimum)
	var offices []office
	for number := 0; ; number++ {
		need := len(newClient(o.Seed, number, 0).documents)
		if number%clientsPerOffice == 0 {
			need += resourcesOfOffice
		}
		if need > left {
			offices[len(offices)-1].more = left
			return offices
		}
		left -= need
		if number%clientsPerOffice == 0 {
			offices = append(offices, office{number: number / clientsPerOffice})
		}
		last := &offices[len(offices)-1]
		last.clients = append(last.clients, number)
	}
}

// resourcesOfOffice is how many documents an office has: its account, its
// administrator and the partner.
const resourcesOfOffice = 3

// files yields the office's own file and those of its clients.
func (f office) files(o Options, yield func(string, []byte) bool) bool {
	dir := f.name()
	primaries := make([]string, len(f.clients))
	for i, number := range f.clients {
		primaries[i] = newClient(o.Seed, number, 0).primary()
	}
	own := f.documents(primaries)
	if !yield(dir+"/office.yaml", render(o, own)) {
		return false
	}
	for i, number := range f.clients {
		more := 0
		if i == len(f.clients)-1 {
			more = f.more
		}
		c := newClient(o.Seed, number, more)
		for len(c.documents) > 0 {
			file := c.documents[0].file
			n := slices.IndexFunc(c.documents, func(d document) bool { return d.file != file })
			if n < 0 {
				n = len(c.documents)
			}
			if !yield(fmt.Sprintf("%s/%s/%s.yaml", dir, c.name, file), render(o, c.documents[:n])) {
				return false
			}
			c.documents = c.documents[n:]
		}
	}
	return true
}

func (f office) name() string   { return fmt.Sprintf("office-%03d", f.number) }
func (f office) domain() string { return f.name() + ".example" }

func (f office) documents(primaries []string) []document {
	name := f.name()
	head := name + "-head"
	return []document{
		{"office", "Account", "partner-account", name, values{}},
		{"office", "User", "head", head, values{"Account": name, "Email": "head@" + f.domain()}},
		{"office", "Partner", "partner", name, values{
			"Account": name, "Head": head, "Domain": f.domain(), "Clients": strings.Join(primaries, ", "),
		}},
	}
}

// document is a resource before it is written.
type document struct {
	file     string // in the client's folder, without .yaml
	kind     string
	template string // in resources.tmpl
	name     string
	values   values
}

// values are what a template fills in, beside Name and Changed.
type values map[string]any

//go:embed resources.tmpl
var resources string

var templates = template.Must(template.New("").Option("missingkey=error").Funcs(template.FuncMap{
	// or else: what a changed resource says, and what the others do.
	"pick": func(changed bool, yes, no any) any {
		if changed {
			return yes
		}
		return no
	},
	"add":   func(a, b int) int { return a + b },
	"label": label,
	"list":  func(names []string) string { return strings.Join(names, ", ") },
}).Parse(resources))

// render writes documents into one file.
func render(o Options, documents []document) []byte {
	var b bytes.Buffer
	for i, d := range documents {
		if i > 0 {
			b.WriteString("---\n")
		}
		d.values["Name"], d.values["Changed"] = d.name, o.changes(d)
		fmt.Fprintf(&b, "apiVersion: accord/v1\nkind: %s\n", d.kind)
		if err := templates.ExecuteTemplate(&b, d.template, d.values); err != nil {
			// The templates are part of the program: every test would fail.
			panic(fmt.Sprintf("generate: %s/%s: %v", d.kind, d.name, err))
		}
	}
	return b.Bytes()
}

// changes reports whether the resource is among those that were changed. Each
// one is drawn by its address, so that a resource that changed in a small share
// has changed in a larger one too.
func (o Options) changes(d document) bool {
	if o.Changed <= 0 {
		return false
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s/%s", o.Seed, d.kind, d.name))
	return float64(binary.BigEndian.Uint64(sum[:])) < o.Changed*math.MaxUint64
}
